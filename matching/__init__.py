"""From a draft record to the person: blocking, comparison, the Fellegi-Sunter model, decisions."""
