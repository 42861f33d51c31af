"""Benchmarks, each beside its baseline in the same run; limits are those of the project's numbers to hold."""
