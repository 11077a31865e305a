"""Priors: families, sets, files and groups of inputs."""
