"""The texts' own arithmetic, recomputed from the priors by the quantities of the model."""
