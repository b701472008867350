"""The nouns, as contracts. Nothing here imports the rest of obverse, torch or polars."""
