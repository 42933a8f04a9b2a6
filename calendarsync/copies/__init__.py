"""The copies of Google's data about our events: reading them, and storing what was listed."""
