"""Run folders, whole-or-nothing files, provenance."""
