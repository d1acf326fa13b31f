"""Benchmarks: one file or package per claim; every one checks the answer before it reports a time."""
