"""Accuracy against aux_weight and against the number of training pairs: `make sweeps`. What it asks for: swept.py."""
