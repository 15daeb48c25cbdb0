"""One short file for each application."""
