"""Who did what: the page across all cohorts, and the part of the pages of a cohort and a person."""
