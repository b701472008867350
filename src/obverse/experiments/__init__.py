"""Experiments, one module each, with their claims."""
