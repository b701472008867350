"""Input that has been tampered with, who reads it, and what may never come of it."""
