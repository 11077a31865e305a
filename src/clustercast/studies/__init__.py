"""Whole studies: the only room that knows the whole order, from priors to results."""
