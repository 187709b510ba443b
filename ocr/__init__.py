"""From a page image to a draft record: images, quality, form registration, field cleaning, recognisers, lattices, extraction.

Knows nothing of the population.
"""
