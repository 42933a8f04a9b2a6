"""The messages to people of a cohort, those of one cause and day as one line, newest first."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from django.db.models import (
    Case,
    CharField,
    Count,
    F,
    IntegerField,
    Max,
    Min,
    Q,
    QuerySet,
    Value,
    When,
    Window,
)
from django.db.models.fields.json import KT
from django.db.models.functions import RowNumber, TruncDate
from django.urls import reverse

from cohorts.models import Cohort, CohortStep, Group
from cohorts.outbox.explanations import Outlook, read_outlook, why_not_sent
from cohorts.outbox.models import UNSENT, Message, kind_title
from lens.desk.cohort_messages.line_words import (
    OF_STEPS,
    PARTS,
    LineKey,
    describe_causes,
    key_of,
    name_group,
)
from meetings.writing.posting import letter_key
from meetings.writing.staff_letter import STAFF_LETTER

PER_PAGE, NAMED = 25, 5
STEP_KEY = "step:{}:"  # what the keys of a change's messages begin with
State = Message.State
NOT_SENT = (State.EXPIRED, State.DROPPED, State.UNSURE)
# Not sent, or tried in vain so far.
IS_PROBLEM = Q(state__in=NOT_SENT) | (Q(state__in=UNSENT) & ~Q(not_sent_reason=""))
SHOWN: Mapping[str, tuple[str, ...]] = {"waiting": UNSENT, "not-sent": NOT_SENT}


@dataclass(frozen=True, slots=True)
class SendProblem:
    """Why messages were not sent, or not yet, each as the name of its reader and its page.

    `fix_url`: where the only reader's address is entered.
    """

    why: str
    fix_url: str
    messages: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class MessageLine:
    title: str
    about: str
    at: datetime
    sent: int
    waiting: int
    not_sent: int
    url: str
    problems: tuple[SendProblem, ...]
    more_problems: int


@dataclass(frozen=True, slots=True)
class MessagePage:
    lines: tuple[MessageLine, ...]
    waiting: int
    waits_why: str
    has_more: bool


def messages_of(cohort: Cohort) -> QuerySet[Message]:
    """Return the messages to the cohort's people and channels. Two queries.

    A letter about a change of the whole cohort belongs to no group.
    """
    groups = list(cohort.groups.values_list("pk", flat=True))
    steps = list(CohortStep.objects.filter(cohort=cohort).values_list("pk", flat=True))
    about = Q(group__in=groups)
    if steps:
        about |= Q(group=None, kind__in=OF_STEPS, context__step__in=steps)
    return Message.objects.filter(about)


def read_page(
    messages: QuerySet[Message],
    *,
    show: str,
    page: int,
    now: datetime,
    may_fix: bool,
    size: int = PER_PAGE,
) -> MessagePage:
    """Return a page of lines. Up to eleven queries."""
    waiting = messages.filter(state__in=UNSENT).count()
    shown = messages.filter(state__in=SHOWN[show]) if show in SHOWN else messages
    rows = _read_rows(shown, (page - 1) * size, size)
    problems = _read_problems(shown, rows[:size])
    outlook = read_outlook(now, [each for found in problems.values() for each in found])
    lines = _build_lines(rows[:size], problems, outlook, may_fix=may_fix)
    why = outlook.hold or outlook.email_problem
    return MessagePage(tuple(lines), waiting, why if waiting else "", len(rows) > size)


# -- queries -------------------------------------------------------------------------------------


def _with_keys(messages: QuerySet[Message]) -> QuerySet[Message]:
    """Annotate the parts of LineKey. A letter is one line, whichever group its readers are in."""
    return messages.annotate(
        cause=Case(
            When(kind=STAFF_LETTER, then=KT("context__letter_id")),
            When(kind__in=OF_STEPS, then=KT("context__step")),
            default=Value(""),
            output_field=CharField(),
        ),
        place=Case(
            When(kind=STAFF_LETTER, then=None),
            default=F("group_id"),
            output_field=IntegerField(),
        ),
        day=TruncDate("due_at"),
    )


def _read_rows(messages: QuerySet[Message], start: int, size: int) -> list[dict[str, Any]]:
    rows = (
        _with_keys(messages)
        .order_by()
        .values(*PARTS)
        .annotate(
            first=Min("due_at"),
            last=Max("due_at"),
            example=Min("pk"),
            n=Count("pk"),
            sent=Count("pk", filter=Q(state=State.SENT)),
            waiting=Count("pk", filter=Q(state__in=UNSENT)),
            problems=Count("pk", filter=IS_PROBLEM),
        )
    )
    ordered = rows.order_by("-last", *PARTS)
    return list(ordered[start : start + size + 1])


def _read_problems(
    messages: QuerySet[Message], rows: Sequence[dict[str, Any]]
) -> Mapping[LineKey, list[Any]]:
    """Return some of the messages of each line that have a problem, those given up first."""
    found: dict[LineKey, list[Any]] = defaultdict(list)
    if not rows:
        return found
    between = messages.filter(
        kind__in={row["kind"] for row in rows},
        due_at__gte=min(row["first"] for row in rows),
        due_at__lte=max(row["last"] for row in rows),
    ).filter(IS_PROBLEM)
    is_waiting = Case(When(state__in=UNSENT, then=1), default=0, output_field=IntegerField())
    place = Window(
        RowNumber(),
        partition_by=[F(name) for name in PARTS],
        order_by=[is_waiting, F("pk")],
    )
    ranked = _with_keys(between).annotate(rank=place).filter(rank__lte=NAMED)
    for message in ranked.select_related("user", "group").defer("body", "html").order_by("rank"):
        found[key_of({name: getattr(message, name) for name in PARTS})].append(message)
    return found


# -- lines ---------------------------------------------------------------------------------------


def _build_lines(
    rows: Sequence[dict[str, Any]],
    problems: Mapping[LineKey, list[Any]],
    outlook: Outlook,
    *,
    may_fix: bool,
) -> list[MessageLine]:
    groups = Group.objects.in_bulk({row["place"] for row in rows if row["place"]})
    causes = describe_causes(rows)
    return [
        MessageLine(
            *causes.get(key_of(row), (kind_title(row["kind"]), name_group(groups, row["place"]))),
            at=row["last"],
            sent=row["sent"],
            waiting=row["waiting"],
            not_sent=row["n"] - row["sent"] - row["waiting"],
            url=_url_of(row),
            problems=_group_by_cause(problems[key_of(row)], outlook, may_fix=may_fix),
            more_problems=row["problems"] - len(problems[key_of(row)]),
        )
        for row in rows
    ]


def _group_by_cause(
    messages: Sequence[Any], outlook: Outlook, *, may_fix: bool
) -> tuple[SendProblem, ...]:
    found: dict[tuple[str, str], list[tuple[str, str]]] = defaultdict(list)
    for message in messages:
        person = message.user
        is_address = "address" in message.not_sent_reason and person is not None
        can_fix = is_address and may_fix
        fix = reverse("admin:cohorts_user_change", args=[person.pk]) if can_fix else ""
        page = reverse("admin:outbox_message_change", args=[message.pk])
        name = str(person or message.group or "")
        found[why_not_sent(message, outlook), fix].append((name, page))
    return tuple(SendProblem(*cause, tuple(named)) for cause, named in found.items())


def _url_of(row: Mapping[str, Any]) -> str:
    """Return the address of the messages of a line, or of its only one."""
    if row["n"] == 1:
        return reverse("admin:outbox_message_change", args=[row["example"]])
    found = {"kind__exact": row["kind"]}
    if row["cause"]:
        is_letter = row["kind"] == STAFF_LETTER
        found["key__startswith"] = (
            letter_key(row["cause"]) if is_letter else STEP_KEY.format(row["cause"])
        )
    else:
        found["due_at__gte"] = row["first"].isoformat()
        found["due_at__lte"] = row["last"].isoformat()
    if row["place"]:
        found["group__id__exact"] = str(row["place"])
    return f"{reverse('admin:outbox_message_changelist')}?{urlencode(found)}"
