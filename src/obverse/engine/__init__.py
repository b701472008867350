"""What is hot: scoring, generation, training. Knows no experiment."""
