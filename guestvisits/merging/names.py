"""The name of the kind of step."""

MERGE = "merge"
