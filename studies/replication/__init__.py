"""The published figures, made again as the reports made them: `make replication`, a DVC project of its own."""
