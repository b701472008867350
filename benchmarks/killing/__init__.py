"""What `benchmarks/kills.py` is made of: a study of small runs, where it goes on, who is killed when."""
