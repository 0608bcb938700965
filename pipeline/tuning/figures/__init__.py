"""The figures of the tuning."""
