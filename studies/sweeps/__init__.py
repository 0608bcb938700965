"""Why the techniques help: the study's runs with some fields changed. `make sweeps`; what it asks for: swept.py."""
