"""Whom aliases stand for: generated or published."""
