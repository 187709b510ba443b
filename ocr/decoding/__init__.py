"""From a lattice to a value: one module a kind of field. Candidates are scored on the image; what none explains stays free text."""
from ocr.decoding.choice import Choice, Scored, choose

__all__ = ["Choice", "Scored", "choose"]
