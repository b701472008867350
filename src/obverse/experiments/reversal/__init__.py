"""The Reversal Curse (Berglund et al. 2023, arXiv 2309.12288)."""
