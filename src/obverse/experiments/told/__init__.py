"""Documents and questions of one's own, read from a directory."""
