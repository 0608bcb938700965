"""The published figures by the reports' own protocols: `make replication`. What it asks for: pipeline/protocols.py."""
