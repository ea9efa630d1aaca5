"""Benchmarks: one module a benchmark, its peer beside it, run by `python -m benchmarks NAME`."""
