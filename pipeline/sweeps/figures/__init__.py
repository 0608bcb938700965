"""The figures of the sweeps."""
