"""What is run from the shell: ``python -m analyses.NAME``."""
