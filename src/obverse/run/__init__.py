"""One run: what it is, the loop that carries it out, and its folder. Read `loop.py` first."""
