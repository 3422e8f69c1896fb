"""Measured ratios against other libraries and against the goals; `python -m benchmarks` writes RESULTS.md."""
