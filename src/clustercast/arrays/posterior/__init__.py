"""Likelihoods and tempering as array functions."""
