"""What the messages of one line have in common, and its words: the letter or change behind it."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from cohorts.models import CohortStep, Group, User
from cohorts.outbox.models import Message
from cohorts.steps.messages import LETTER, STOPPED
from cohorts.steps.registry import step_kinds
from meetings.writing.staff_letter import STAFF_LETTER, TEAM, sign

OF_STEPS = (LETTER, STOPPED)
PARTS = ("kind", "cause", "place", "day")


class LineKey(NamedTuple):
    """What the messages of one line have in common. `cause`: the id of a letter or change;
    `place`: that of a group."""

    kind: str
    cause: str
    place: int | None
    day: Any


def key_of(row: Mapping[str, Any]) -> LineKey:
    return LineKey(*(row[name] for name in PARTS))


def describe_causes(rows: Sequence[dict[str, Any]]) -> dict[LineKey, tuple[str, str]]:
    """Return title and description of the lines about letters of staff and about changes. Four
    queries at most."""
    return {**_describe_letters(rows), **_describe_steps(rows)}


def name_group(groups: Mapping[int, Group], group_id: int | None) -> str:
    group = groups.get(group_id or 0)
    return group.name if group else ""


def _describe_letters(rows: Sequence[dict[str, Any]]) -> dict[LineKey, tuple[str, str]]:
    """Return title and audience of each letter of staff. Two queries, if there is one."""
    letters = [row for row in rows if row["kind"] == STAFF_LETTER]
    if not letters:
        return {}
    examples = Message.objects.in_bulk([row["example"] for row in letters])
    contexts = {pk: message.context for pk, message in examples.items()}
    senders = User.objects.in_bulk({one.get("sender") for one in contexts.values()} - {None})
    return {
        key_of(row): _describe_letter(contexts.get(row["example"], {}), senders) for row in letters
    }


def _describe_letter(context: Mapping[str, Any], senders: Mapping[int, User]) -> tuple[str, str]:
    subject = str(context.get("letter", "")).partition("\n")[0]
    sender = sign(senders.get(context.get("sender") or 0), context.get("role", TEAM))
    title = f"Letter “{subject}”" if subject else "Letter"
    return f"{title} from {sender}", f"to {context.get('audience') or 'people of the cohort'}"


def _describe_steps(rows: Sequence[dict[str, Any]]) -> dict[LineKey, tuple[str, str]]:
    """Return title and description of each change. One query, if there is one."""
    about = [row for row in rows if row["kind"] in OF_STEPS and row["cause"]]
    if not about:
        return {}
    steps = CohortStep.objects.select_related("cohort").in_bulk(
        {int(row["cause"]) for row in about}
    )
    cohorts = {step.cohort_id for step in steps.values()}
    groups = Group.objects.filter(cohort__in=cohorts).in_bulk()
    return {
        key_of(row): _describe_step(steps[int(row["cause"])], groups, row["place"])
        for row in about
        if int(row["cause"]) in steps
    }


def _describe_step(
    step: CohortStep, groups: Mapping[int, Group], place: int | None
) -> tuple[str, str]:
    kind = step_kinds.get(step.kind)
    about = kind.describe(step, groups) if kind else ""
    words = (about, name_group(groups, place))
    return kind.title if kind else step.kind, ", ".join(filter(None, words))
