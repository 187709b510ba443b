"""How the handwriting recogniser was trained: texts, ink, composed lines, features, tuning, export. Needs torch; the product does not."""
