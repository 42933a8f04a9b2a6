"""The visits API: thin views over selectors and services."""
