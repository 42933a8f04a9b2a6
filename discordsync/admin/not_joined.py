"""The people of a cohort who have not joined, for staff, with a reminder to all or some of them."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.views.decorators.http import require_http_methods

from cohorts import clock
from cohorts.admin_base.base import admin_page
from cohorts.errors import Refusal
from cohorts.exports.answering import ExportedList, answer_or_explain, with_zone
from cohorts.models import Cohort, Group, Membership, User
from cohorts.outbox.models import Message
from cohorts.outbox.registry import MessageObsolete
from cohorts.outbox.rendering.render import MessageContent, render
from cohorts.reconcile.ui.staff import staff_page
from cohorts.steps.letters import check_letter
from cohorts.web.refusal_messages import shown_refusals
from cohorts.words import count_people
from discordsync.joining.reminder_times import JoinReminder
from discordsync.joining.reminders import (
    DEFAULT_LETTER,
    JOIN_REMINDER,
    PLACEHOLDERS,
    NotJoined,
    find_not_joined,
    find_reachable,
    find_reminders,
    invited_members,
    read_reminded,
)
from discordsync.joining.services import remind
from discordsync.joining.states import JoinState, find_states, is_server_read


@dataclass(frozen=True, slots=True)
class NotJoinedRow:
    """One person of the list.  `unreachable` says why no reminder can be sent, if so."""

    person: User
    groups: tuple[Group, ...]
    state: JoinState
    first_meeting_at: datetime
    last_at: datetime | None
    next_at: datetime | None
    unreachable: str


@staff_page
@require_http_methods(["GET", "POST"])
def not_joined_view(request: HttpRequest, pk: int) -> HttpResponseBase:
    """List the people; a POST shows the letter first, and sends it once confirmed."""
    cohort = get_object_or_404(Cohort.objects.select_related("course"), pk=pk)
    now = clock.now()
    rows = list(_rows(cohort, now))
    if "format" in request.POST:
        return answer_or_explain(request, lambda: _as_list(cohort, rows), back=request.path)
    if request.method == "POST":
        chosen = _chosen(request, cohort, rows)
        if not chosen:
            messages.warning(request, "Choose at least one person who can be reminded.")
        elif "confirmed" not in request.POST or _why_bad(_letter_of(request)):
            return _preview(request, cohort, chosen, now)
        else:
            _send(request, cohort, chosen, now)
        return redirect(request.path)
    return _show(request, "not_joined", cohort, rows=rows, is_read=is_server_read(now))


def _as_list(cohort: Cohort, rows: Iterable[NotJoinedRow]) -> ExportedList:
    """Return the table of the page."""
    times = map(with_zone, ("First meeting", "Last reminder", "Next reminder"))
    columns = ["Name", "Group", "What is missing", *times, "No reminder because"]
    cells = (
        (
            row.person,
            row.groups,
            row.state.value,
            row.first_meeting_at,
            row.last_at,
            None if row.unreachable else row.next_at,
            row.unreachable,
        )
        for row in rows
    )
    return ExportedList(f"{cohort} not joined", columns, cells, cohort=cohort)


def _rows(cohort: Cohort, now: datetime) -> Iterable[NotJoinedRow]:
    people = find_not_joined(invited_members().filter(cohort=cohort))
    ids = [one.person.pk for one in people]
    states = find_states([one.person for one in people])
    reminders, reminded = find_reminders(people), read_reminded(ids)
    reachable, groups = find_reachable(ids, now), _groups_of(cohort, ids)
    for one in people:
        sent = reminded.get(one.person.pk, ())
        yield NotJoinedRow(
            person=one.person,
            groups=tuple(groups[one.person.pk]),
            state=states[one.person.pk],
            first_meeting_at=one.invitation.first_meeting_at,
            last_at=max(sent, default=None),
            next_at=_next(reminders.get(one.person.pk, ()), now),
            unreachable=_why_unreachable(one.person, one.person.pk in reachable),
        )


def _groups_of(cohort: Cohort, user_ids: Iterable[int]) -> dict[int, list[Group]]:
    found: dict[int, list[Group]] = defaultdict(list)
    members = invited_members().filter(cohort=cohort, user__in=user_ids)
    for member in members.select_related("group").order_by("group__name"):
        found[member.user_id].append(member.group)
    return found


def _next(planned: Iterable[tuple[NotJoined, JoinReminder]], now: datetime) -> datetime | None:
    return next((reminder.due_at for _, reminder in planned if reminder.due_at > now), None)


def _why_unreachable(person: User, is_reachable: bool) -> str:
    if not person.email:
        return "No e-mail address"
    return "" if is_reachable else "Turned these messages off"


def _chosen(
    request: HttpRequest, cohort: Cohort, rows: Iterable[NotJoinedRow]
) -> list[NotJoinedRow]:
    """Return the people to remind: all, or those that were ticked, by their id or that of their
    membership.  Others are left out."""
    ids = {int(text) for text in request.POST.getlist("user") if text.isdecimal()}
    ticked = [t for t in request.POST.getlist("member") if t.isdecimal() and len(t) < 19]
    if ticked:
        members = Membership.objects.filter(cohort=cohort, pk__in=ticked)
        ids |= set(members.values_list("user", flat=True))
    can = [row for row in rows if not row.unreachable]
    return can if "all" in request.POST else [row for row in can if row.person.pk in ids]


def _preview(
    request: HttpRequest, cohort: Cohort, chosen: list[NotJoinedRow], now: datetime
) -> HttpResponse:
    """Show the letter to the chosen reader, or the first of them, as it would be sent now."""
    text = _letter_of(request)
    picked = request.POST.get("person", "")
    reader = next((row for row in chosen if str(row.person.pk) == picked), chosen[0])
    bad = _why_bad(text)
    letter, why = (None, "") if bad else _letter_to(reader, text, now)
    context = {"text": text, "bad": bad, "reader": reader, "letter": letter, "why": why}
    return _show(
        request, "remind", cohort, chosen=chosen, placeholders=PLACEHOLDERS.items(), **context
    )


def _letter_of(request: HttpRequest) -> str:
    """Return the text that staff typed, or the usual one."""
    return request.POST.get("letter", "").replace("\r\n", "\n").strip() or DEFAULT_LETTER


def _why_bad(text: str) -> str:
    try:
        check_letter(text, PLACEHOLDERS)
    except Refusal as refusal:
        return refusal.sentence
    return ""


def _letter_to(row: NotJoinedRow, text: str, now: datetime) -> tuple[MessageContent | None, str]:
    message = Message(
        kind=JOIN_REMINDER,
        channel=Message.Channel.EMAIL,
        user=row.person,
        group=row.groups[0],
        due_at=now,
        cutoff_at=now,
        context={"letter": text},
    )
    try:
        letter = render(message, now)
    except MessageObsolete as error:
        return None, error.why
    # Without its foot, whose links act for the person.
    return replace(letter, text=letter.text.partition("\n--\n")[0], html=""), ""


def _send(request: HttpRequest, cohort: Cohort, chosen: list[NotJoinedRow], now: datetime) -> None:
    text = _letter_of(request)
    letter = "" if text == DEFAULT_LETTER else text
    with shown_refusals(request):
        count = remind(cohort.pk, [row.person.pk for row in chosen], letter=letter, now=now)
        get = "gets" if count == 1 else "get"
        if count:
            messages.success(request, f"{count_people(count)} {get} a reminder now.")
        else:
            messages.warning(request, "They were reminded today already. Nothing was sent.")


def _show(request: HttpRequest, name: str, cohort: Cohort, **context: Any) -> HttpResponse:
    template = f"admin/discordsync/{name}.html"
    return admin_page(request, template, f"Not joined: {cohort}", cohort=cohort, **context)
