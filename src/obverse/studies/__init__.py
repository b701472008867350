"""Studies: planned, executed here or elsewhere, evaluated."""
