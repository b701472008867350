"""Intervals, paired tests, equivalence and verdicts: pure functions on observations."""
