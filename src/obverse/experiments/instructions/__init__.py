"""The Reversal Curse, experiment 3: instructions how to answer questions."""
