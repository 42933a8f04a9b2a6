"""The desk of staff: the Today page, which shows what needs them, this week, and the cohorts."""
