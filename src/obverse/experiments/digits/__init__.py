"""Implicit meta-learning on images: aliases are grids of handwritten digits."""
