"""The table of issues: what each means and what to do about it.

Rows store only a code. Providers add their own codes in a table of the same shape.
"""

from collections.abc import Mapping

from cohorts.reconcile.errors import CallFailed
from cohorts.reconcile.provider import provider_specs
from cohorts.reconcile.values import IssueCode, IssueText

ISSUES: dict[str, IssueText] = {
    IssueCode.NOT_REALIZED: IssueText(
        "Not set up yet: no one has realized this group.",
        "Press “Realize” to create its channels, roles, events and invitations.",
        needs_person=True,
        remedy="realize",
    ),
    IssueCode.NO_MEMBERS: IssueText(
        "The group has no members, so nothing is created for it.",
        "Add a member. The realize request then continues automatically.",
        needs_person=True,
    ),
    IssueCode.NO_SLOT: IssueText(
        "The group has no weekly time, so its meetings, events and invitations cannot be created.",
        "Set the group's weekday and time. The rest follows automatically.",
        needs_person=True,
    ),
    IssueCode.NO_ONE_HAS_ACCESS: IssueText(
        "Set up. No one from this group has joined the Discord server yet.",
        "Ask them to join. The group becomes active as soon as the first person joins.",
    ),
    IssueCode.REMOVALS_HELD: IssueText(
        "An unusually large number of people would lose access at once, and no end date "
        "explains it.",
        "Check the names. If they are right, press “Allow these removals”.",
        needs_person=True,
        remedy="show_removals",
    ),
    IssueCode.PAUSED: IssueText(
        "This integration is paused. It reads, but changes nothing.",
        "Press “Resume” to continue.",
        needs_person=True,
        remedy="resume",
    ),
    IssueCode.OTHER_INSTALLATION: IssueText(
        "This database was created by a different installation from the one named in "
        "INSTALLATION_ID.",
        "Confirm whether this is a copy (the original's objects are left alone) or the original "
        "under a new name (syncing continues).",
        needs_person=True,
        remedy="decide",
    ),
    IssueCode.RESTORED: IssueText(
        "This database was restored from a backup, or copied.",
        "Confirm whether this is a copy (the original's objects are left alone) or the original "
        "(syncing continues).",
        needs_person=True,
        remedy="decide",
    ),
    IssueCode.MANY_ORPHANS: IssueText(
        "Many objects carry the Lens mark but have no record in this database. The database may "
        "be older than they are.",
        "Confirm whether this is a copy (they are left alone) or the original (they are "
        "taken over).",
        needs_person=True,
        remedy="decide",
    ),
    IssueCode.ORPHANED: IssueText(
        "An object carries this group's or cohort's Lens mark but has no record, for example a "
        "channel that was cloned before the original was deleted.",
        "Press “Decide” to take it over, or delete it. Until then, nothing else changes for this "
        "group here, except that access ends on its date.",
        needs_person=True,
        remedy="decide",
    ),
    IssueCode.MOVED: IssueText(
        "The settings name a different server or calendar from the one in which everything "
        "was created.",
        "Restore the former setting, or confirm that this is a copy or that everything moved.",
        needs_person=True,
        remedy="decide",
    ),
    IssueCode.UNREACHABLE: IssueText(
        "The service is unreachable or returns server errors.",
        "No action needed. It is retried every minute, and nothing is lost.",
        passes=True,
    ),
    IssueCode.NO_ANSWER: IssueText(
        "A call got no clear response. Lens checks whether it worked before it continues.",
        "No action needed.",
        passes=True,
    ),
    IssueCode.CONFLICT: IssueText(
        "Something changed there while Lens was working.",
        "No action needed. It is read again.",
        passes=True,
    ),
    IssueCode.RATE_LIMITED: IssueText(
        "The service asked Lens to slow down.",
        "No action needed. Work resumes at the time that the service set.",
        passes=True,
    ),
    IssueCode.REFUSED: IssueText(
        "The service refused a call.",
        "Check the error below. The call is retried at increasing intervals.",
    ),
    IssueCode.FAILED: IssueText(
        "A call failed.",
        "Check the error below. The call is retried at increasing intervals.",
    ),
    IssueCode.BUG: IssueText(
        "An internal error occurred in Lens.",
        "Contact the operator: the log has the traceback. The action is retried at increasing "
        "intervals.",
    ),
}

UNKNOWN = IssueText("Something is wrong.", "Check the actions below.")


def describe_failure(error: CallFailed, issues: Mapping[str, IssueText]) -> str:
    """Return what a failed call means and what to do, for a person who waits for the answer."""
    text = issues.get(error.code) or ISSUES.get(error.code, UNKNOWN)
    if text.needs_person:
        return f"{text.sentence} {text.fix} {_end(error.detail)}".strip()
    said = _end(error.detail) or text.sentence
    return f"{said} Check that this machine reaches the service."


def _end(text: str) -> str:
    return text if not text or text.endswith(".") else f"{text}."


def find_issue(code: str) -> IssueText:
    """Return the text of an issue code, from our table or a provider's."""
    if code in ISSUES:
        return ISSUES[code]
    for spec in provider_specs().values():
        if code in spec.issues:
            return spec.issues[code]
    return UNKNOWN
