"""The names of the kinds of step."""

END, REOPEN = "end", "reopen"
