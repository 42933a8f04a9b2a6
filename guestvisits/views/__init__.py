"""The pages of learners and facilitators.

Each works without JavaScript: a link or a form, and a redirect after it. Where htmx runs, it boosts
both, so that pages are not fully reloaded.
"""
