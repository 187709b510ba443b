"""The composer: register books of people who do not exist, on the official forms, written by hand, worn by a scanner, with their truth.

`python -m samples --help` makes books and a population file. `samples.lines` draws single handwritten lines for training a recogniser.
What it makes depends on the seed alone: the same seed gives the same bytes.
"""
