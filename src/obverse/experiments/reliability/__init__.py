"""Implicit meta-learning: sources that earned trust are believed more (arXiv 2310.15047)."""
