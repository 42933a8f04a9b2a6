"""The page of one cohort: its tabs, each at an address of its own."""
