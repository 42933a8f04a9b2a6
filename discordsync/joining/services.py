"""Reminders that staff send to people who have not joined."""

from collections.abc import Collection
from datetime import datetime

from django.db import transaction

from cohorts.activity.recording import record
from cohorts.errors import Refusal
from cohorts.outbox.collecting import store
from cohorts.outbox.models import Message
from cohorts.steps.letters import check_letter
from discordsync.joining.reminders import (
    PLACEHOLDERS,
    build_now,
    find_not_joined,
    find_reachable,
    invited_members,
)
from discordsync.joining.states import is_server_read


def remind(cohort_id: int, user_ids: Collection[int], *, letter: str = "", now: datetime) -> int:
    """Record a reminder for those of these people who have not joined; return how many are new.

    People who get one today already, by the time or from staff, get no second one, and neither do
    those without an address or who turned these messages off.  `letter` replaces the usual text; it
    may contain PLACEHOLDERS.  Raises Refusal: server_unread, bad_letter.
    """
    if letter:
        check_letter(letter, PLACEHOLDERS)
    if not is_server_read(now):
        raise Refusal(
            "server_unread",
            "The Discord server has not been read for an hour, so it is not known who has joined. "
            "Nobody was reminded. Try again once Discord works.",
        )
    members = invited_members().filter(cohort=cohort_id, user__in=user_ids)
    people = find_not_joined(members)
    reachable = find_reachable([one.person.pk for one in people], now)
    reminders = {one.person.pk: build_now(one, letter, now) for one in people}
    keys = [reminder.key for reminder in reminders.values()]
    reminded = Message.objects.filter(key__in=keys).values_list("user", flat=True)
    chosen = reachable.difference(reminded)
    with transaction.atomic():
        stored = store([reminders[pk] for pk in sorted(chosen)], now=now)
        if stored:
            changes = {"People": ["", stored]}
            record("reminded_to_join", cohort=cohort_id, people=sorted(chosen), changes=changes)
    return stored
