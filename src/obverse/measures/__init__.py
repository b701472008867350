"""What is found out about a model at one moment: one file a measure."""
