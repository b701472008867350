"""The ablations of implicit meta-learning, one study a file (docs/ablations.md)."""
