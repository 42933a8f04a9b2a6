"""The tab Messages of a cohort's page: what was sent, and writing a letter."""
