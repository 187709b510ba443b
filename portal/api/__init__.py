"""The API for machines under /api/v1: the one-stop system finds records, reads the fields the law lets it see, fetches signed copies."""
