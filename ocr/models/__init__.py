"""Handwriting models: one folder a model, `card.json` in it says all that the reader needs to know (see `ocr.recogniser.ModelCard`)."""
