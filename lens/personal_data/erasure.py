"""Erase what is held about a person.

    asked      by the person on their page, or by staff
    approved   by a superuser after a preview: the account is closed and all sessions end, and
               providers remove the person from our objects outside, also from past ones
    done       nothing is left outside: the rows are deleted or emptied, in one transaction

Figures keep what they need: who was in which group and at which meeting, by a number without a
name.  What other people were sent cannot be taken back; copies of it here are emptied.
"""

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from allauth.usersessions.models import UserSession
from django.contrib.admin.models import LogEntry
from django.contrib.sessions.models import Session
from django.db import transaction
from django.db.models import Model, Q
from django.db.models.fields.json import KT

from calendarsync.copies.loading import copies_with, events_listing
from cohorts.activity.recording import acting_as, record
from cohorts.errors import Refusal
from cohorts.models import (
    AccessException,
    AccessState,
    AccountEmail,
    ActivityEntry,
    CohortStep,
    ErasureRequest,
    Group,
    Membership,
    User,
)
from cohorts.outbox.models import Message
from cohorts.reconcile.models import GroupSync, ProviderState, RealizeRequest, SyncAction, SyncRun
from cohorts.reconcile.provider import provider_specs
from cohorts.selectors import addresses_of, naming_pattern, texts_naming
from cohorts.services.locks import lock_groups, lock_people
from cohorts.signals import announce, members_changed
from cohorts.words import count
from discordsync.delivery.posts import posts_about
from guestvisits.models import GuestVisit
from guestvisits.selectors import belonged_to
from lens.personal_data.tables import TABLES, Erasing
from meetings.models import MeetingMove
from meetings.writing.staff_letter import STAFF_LETTER

State = ErasureRequest.State
logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class ErasurePreview:
    """What erasing a person would do, and why it cannot be done yet, in sentences."""

    obstacles: tuple[str, ...]
    deleted: tuple[tuple[str, int], ...]  # title and number of rows
    emptied: tuple[tuple[str, int], ...]
    outside: tuple[str, ...]


def preview_erasure(person: User) -> ErasurePreview:
    counts = [(table, table.rows(person).count()) for table in TABLES]
    found = [(table, count) for table, count in counts if count]
    return ErasurePreview(
        obstacles=tuple(_obstacles(person)),
        deleted=tuple((t.title, n) for t, n in found if t.erasing is Erasing.DELETE),
        emptied=tuple((t.title, n) for t, n in found if t.erasing is Erasing.EMPTY),
        outside=tuple(left_outside(person)),
    )


@transaction.atomic
def ask_for_erasure(user_id: int, *, now: datetime) -> ErasureRequest:
    """Record that a person wants their data erased. A second time changes nothing."""
    request, is_new = ErasureRequest.objects.get_or_create(
        user_id=user_id, defaults={"asked_at": now}
    )
    if is_new:
        record("erasure_requested", person=user_id)
    return request


@transaction.atomic
def withdraw_erasure(user_id: int) -> None:
    """Forget the request. Raises Refusal: erasure_begun."""
    # Locked, since a superuser may approve it at this moment.
    request = ErasureRequest.objects.select_for_update().filter(user=user_id).first()
    if request is None:
        return
    if request.state != State.ASKED:
        raise Refusal("erasure_begun", "Erasing has begun and cannot be undone.")
    request.delete()
    record("erasure_withdrawn", person=user_id)


@transaction.atomic
def approve_erasure(user_id: int, *, by: int, now: datetime) -> ErasureRequest:
    """Close the account and let providers remove the person outside.

    Raises Refusal: no_person, erasure_begun, still_active.
    """
    groups = set(groups_of(user_id))
    lock_groups(groups)
    person = lock_people([user_id])[user_id]
    request, _ = ErasureRequest.objects.select_for_update().get_or_create(
        user=person, defaults={"asked_at": now}
    )
    if request.state != State.ASKED:
        raise Refusal("erasure_begun", "Erasing has begun already.")
    for sentence in _obstacles(person):
        raise Refusal("still_active", sentence)
    person.is_active = False
    person.save(update_fields=["is_active"])
    _end_sessions(person)
    request.state, request.approved_by_id, request.approved_at = State.APPROVED, by, now
    request.save(update_fields=["state", "approved_by", "approved_at"])
    record("erasure_approved", by=by, person=person)
    announce(groups, members_changed)
    return request


def complete_erasures(now: datetime) -> int:
    """Empty the rows of every approved person of whom nothing is left outside; return how many.

    One that fails is logged and tried again; it does not stop the others.
    """
    waiting = ErasureRequest.objects.filter(state=State.APPROVED).order_by("pk")
    done = 0
    for pk in list(waiting.values_list("pk", flat=True)):
        try:
            done += _complete(pk, now)
        except Exception:
            logger.exception("The data of request %s could not be erased", pk)
    return done


@transaction.atomic
def _complete(request_id: int, now: datetime) -> bool:
    request = ErasureRequest.objects.select_for_update().get(pk=request_id)
    person = lock_people([request.user_id])[request.user_id]
    if request.state != State.APPROVED or any(left_outside(person)):
        return False
    _erase(person)
    request.state, request.done_at = State.DONE, now
    request.save(update_fields=["state", "done_at"])
    with acting_as(None):
        record("erased", person=person)
    return True


def groups_of(user_id: int) -> list[int]:
    """Return the ids of all groups that the person has belonged to or visited."""
    return list(Group.objects.filter(belonged_to([user_id])).values_list("pk", flat=True))


def left_outside(person: User) -> Iterator[str]:
    """Yield what still names the person in the services, in words for staff."""
    access = AccessState.objects.filter(user=person, state=AccessState.State.GRANTED)
    specs = provider_specs()
    for state in access.filter(provider__in=specs).select_related("group"):
        yield f"access to {state.group} ({specs[state.provider].title})"
    if posts := posts_about(person):
        yield f"{count(len(posts), 'message')} from Lens on Discord"
    if events := events_listing(person):
        yield f"the guest lists of {count(events, 'event')} in Google Calendar"


def _obstacles(person: User) -> Iterator[str]:
    if person.is_privileged:
        yield f"{person} is staff. Take away the staff status first."
    active = person.memberships.filter(status=Membership.Status.ACTIVE).select_related(
        "group__cohort"
    )
    for membership in active:
        if not membership.group.has_ended:
            yield f"{person} is still in {membership.group}. End the membership first."
    if GuestVisit.objects.filter(user=person, ended_at__isnull=True).exists():
        what = "Cancel it, or wait until its access has ended."
        yield f"{person} has a guest visit that is not over. {what}"


# -- the rows --------------------------------------------------------------------------------


def _erase(person: User) -> None:
    addresses = addresses_of(person)
    _empty_texts(person)
    # What is left are copies of cancelled events.
    for copy in copies_with(addresses):
        copy.body = {"id": copy.event_id, "status": "cancelled"}
        copy.save(update_fields=["body"])
    # All are chosen before the first is deleted: some are found by a former address.
    for table, rows in [(table, table.rows(person)) for table in TABLES]:
        if table.erasing is Erasing.DELETE:
            rows.delete()
        elif table.emptied:
            rows.update(**table.emptied)
    MeetingMove.objects.filter(by=person).update(reason="")
    _empty_account(person)
    # Saving has queued one about the changed address, too.
    AccountEmail.objects.filter(address__in=addresses).delete()


def _end_sessions(person: User) -> None:
    keys = UserSession.objects.filter(user=person).values("session_key")
    Session.objects.filter(session_key__in=keys).delete()


def _empty_account(person: User) -> None:
    person.groups.clear()
    person.user_permissions.clear()
    person.set_unusable_password()
    person.email, person.discord_id = None, None
    person.name = person.nickname = ""
    person.discord_name = person.discord_avatar = person.discord_email = ""
    person.timezone, person.zone_chosen_at, person.last_login = "UTC", None, None
    person.save()


# Texts that name people: table and its columns.  Rows of the person's groups, or of no group.
_TEXTS: tuple[tuple[type[Model], tuple[str, ...]], ...] = (
    (Message, ("subject", "body", "html", "not_sent_reason")),
    (SyncAction, ("target", "why", "error")),
    (GroupSync, ("issue_detail",)),
    (MeetingMove, ("reason",)),
    (Membership, ("left_why",)),
    (AccessException, ("reason",)),
)
# Texts and JSON that name people, of no single group.
_LOOSE_TEXTS: tuple[tuple[type[Model], tuple[str, ...]], ...] = (
    (LogEntry, ("object_repr", "change_message")),
    (ProviderState, ("issue_detail", "orphans")),
    (RealizeRequest, ("requested_as",)),
    (GuestVisit, ("overruled_why", "ended_why")),
    (CohortStep, ("reason", "letter", "stopped_why")),
    (ActivityEntry, ("reason",)),
)


def _empty_texts(person: User) -> None:
    """Empty every text that names the person.  A text of theirs about a namesake goes with it."""
    mine = Q(group__in=groups_of(person.pk)) | Q(group__isnull=True)
    for model, columns in _TEXTS:
        _empty(model, mine & texts_naming(person, *columns), columns)
    for model, columns in _LOOSE_TEXTS:
        _empty(model, texts_naming(person, *columns), columns)
    GroupSync.objects.filter(texts_naming(person, "removals_approved")).update(removals_approved=[])
    GroupSync.objects.filter(texts_naming(person, "drift")).update(drift=[])
    SyncRun.objects.filter(texts_naming(person, "summary")).update(summary={})
    ActivityEntry.objects.filter(texts_naming(person, "changes")).update(changes={})
    # As text: within JSON a line break is “\\n”, so a name after it would begin within a word.
    written = Message.objects.annotate(letter=KT("context__letter"))
    naming = written.filter(texts_naming(person, "letter"))
    naming.filter(kind="join_reminder").update(context={})
    letters = list(naming.filter(kind=STAFF_LETTER))
    for message in letters:
        message.context["letter"] = ""
    Message.objects.bulk_update(letters, ["context"])
    for step in CohortStep.objects.filter(cohort__groups__in=groups_of(person.pk)).distinct():
        _empty_letters(step, person)


def _empty_letters(step: CohortStep, person: User) -> None:
    """Empty the person's values in a step's letters, and what names the person in those of others.

    The keys stay: reopening reads them.
    """
    names = naming_pattern(person)
    step.letters = {
        pk: {
            name: "" if pk == str(person.pk) or names.search(text) else text
            for name, text in values.items()
        }
        for pk, values in step.letters.items()
    }
    step.posts = {pk: "" if names.search(text) else text for pk, text in step.posts.items()}
    step.save(update_fields=["letters", "posts"])


def _empty(model: type[Model], which: Q, columns: tuple[str, ...]) -> None:
    values: dict[str, Any] = dict.fromkeys(columns, "")
    model._base_manager.filter(which).update(**values)
