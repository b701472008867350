"""The Reversal Curse, experiment 2: parents from children and children from parents."""
