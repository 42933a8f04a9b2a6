"""The API of visits: thin views over selectors and services."""
