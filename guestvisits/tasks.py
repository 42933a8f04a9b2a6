"""Scheduled tasks."""

from cohorts import clock
from guestvisits.ending.offers import end_automatically
from guestvisits.services.updating import update_all_visits
from guestvisits.substitutes.services import update_all_substitutions


def end_cohorts() -> None:
    """Ask for the end of cohorts that end automatically. Runs every hour."""
    end_automatically(clock.now())


def update_all() -> None:
    """Close visits and substitutions that are over, and end those affected by unannounced changes.
    Ask the next substitutes. Every minute."""
    now = clock.now()
    update_all_visits(now)
    update_all_substitutions(now)
