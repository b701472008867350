"""Tables, figures and one page, from what a study left in its directory. A reader only."""
