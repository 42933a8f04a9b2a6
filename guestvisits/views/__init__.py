"""The pages of learners and facilitators.

Each works without JavaScript: a link or a form, and a redirect after it.  htmx boosts both, so that
nothing is loaded anew where it runs.
"""
