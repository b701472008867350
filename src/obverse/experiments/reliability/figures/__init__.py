"""The figures of the page, imported late."""
