"""What is hot: scoring, generation, training. Knows no experiment."""

# Raised whenever training, scoring or generation would give other numbers from the same data: stored
# runs of another version do not count as current.
VERSION = 4
