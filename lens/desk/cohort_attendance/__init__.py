"""The tab Attendance of a cohort's page: people and weeks, results, who is at risk."""
