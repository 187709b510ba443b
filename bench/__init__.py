"""Benchmarks that anyone can run; each prints its figures. `python -m bench.linkage --help`."""
