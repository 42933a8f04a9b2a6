"""Google Calendar's part of the reports that `realize_cohort` and `resync` give with `--json`."""

from collections.abc import Collection

from cohorts.reconcile.management.group_reports import (
    Report,
    Since,
    count_actions,
    report_access,
)


def report_calendars(group_ids: Collection[int], since: Since) -> dict[int, Report]:
    """Return how many events were created or changed, and who was invited."""
    actions = count_actions("calendar", group_ids, since)
    access = report_access("calendar", group_ids, since)
    invited = ("granted_user_ids", "revoked_user_ids", "unchanged")
    return {
        pk: {"calendar": {**actions[pk], **{key: access[pk][key] for key in invited}}}
        for pk in group_ids
    }
