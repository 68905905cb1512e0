"""Benchmarks beside what a user would pick instead; ratios of one run. `python -m tests.bench --help` tells more."""
