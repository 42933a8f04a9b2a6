"""Ending a cohort or some of its groups, and reopening what one end had ended."""

END, REOPEN = "end", "reopen"  # the kinds of step
