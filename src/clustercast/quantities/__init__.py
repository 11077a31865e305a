"""The domain: one file a subject, small NumPy functions, no number about the world.

Every function takes arrays of floats that broadcast, by date and sample, and returns one: nothing else is annotated.
A docstring ends with its source in brackets; SA IIIa is Aschenbrenner, Situational Awareness (2024), chapter IIIa.
"""
