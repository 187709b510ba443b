"""Dagster's settings: dagster.yaml for one machine, dagster-cluster.yaml for a hub of several."""
