"""Dagster's view of the work: assets, job, sensor, checks. Thin: it calls the rooms to its left."""
