"""The letter that staff write: its topic, the placeholders, and the text for one reader."""

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from cohorts.models import User
from cohorts.outbox.models import Message
from cohorts.outbox.registry import MessageObsolete, Topic, notification, topics
from cohorts.outbox.rendering.plain_text import clean
from cohorts.steps.letters import fill_letter
from cohorts.words import join_names, name_when, one_line
from meetings.selectors import meetings_ahead
from meetings.writing.audience import Addressee, members_to_write, read_addressees

STAFF_LETTER = "staff_letter"
CHOSEN_PEOPLE = "chosen people"  # the audience of a letter to people whom staff chose by name
PLACEHOLDERS = {
    "name": "the reader's name",
    "group": "their group, or groups",
    "next_meeting": "the time of their next meeting, in their own time zone",
}
NO_SUBJECT = "A letter from your programme team"
TEAM = "programme team"
FACILITATOR = "facilitator"
WEB_ADDRESS = re.compile(r"https?://[^\s<>\"{}|\\^`]*[^\s<>\"{}|\\^`.,;:!?'()\[\]]")

# Nobody can turn it off alone: a letter may say that a meeting is somewhere else today.
topics.register(
    Topic(
        "letters",
        "Letters from your programme team and facilitators",
        "When your programme team or a facilitator writes to you about your course.",
        may_be_off=False,
    ),
    order=50,
)


@dataclass(frozen=True, slots=True)
class LetterPart:
    """Words, or a web address that becomes a link. `is_apart`: a space comes before it."""

    text: str
    is_link: bool
    is_apart: bool


@dataclass(frozen=True, slots=True)
class LetterLine:
    text: str
    parts: tuple[LetterPart, ...]


def join_letter(subject: str, text: str) -> str:
    """Return the letter as it is stored: its first line is the subject."""
    return f"{one_line(subject)}\n{text.strip()}"


def letter_context(
    letter: str,
    sender: User,
    groups: Iterable[int],
    *,
    letter_id: str = "",
    audience: str = "",
    role: str = TEAM,
) -> dict[str, Any]:
    """Return what a message stores about its letter. `audience`: whom it goes to, in words; `role`:
    as what its sender signs."""
    return {
        "letter": letter,
        "sender": sender.pk,
        "groups": sorted(groups),
        "letter_id": letter_id,
        "audience": audience,
        "role": role,
    }


@notification(STAFF_LETTER, topic="letters", title="Letter from staff")
def staff_letter_context(message: Message, now: datetime) -> dict[str, Any]:
    letter = message.context.get("letter")
    if not letter or message.user is None:
        raise MessageObsolete("Its text named a person whose data was erased.")
    groups = message.context.get("groups", ())
    members = members_to_write().filter(user=message.user, group__in=groups)
    addressees = read_addressees(members)
    if not addressees:
        raise MessageObsolete("The person is no longer in this group.")
    values = read_values(addressees, now)[message.user.pk]
    subject, lines = fill_letter(letter, values)
    return {
        "subject": subject or NO_SUBJECT,
        "paragraphs": split_paragraphs(lines, find_addresses(letter)),
        "sender": sign(
            User.objects.filter(pk=message.context.get("sender")).first(),
            message.context.get("role", TEAM),
        ),
    }


def read_values(addressees: Collection[Addressee], now: datetime) -> dict[int, dict[str, str]]:
    """Return the values of the placeholders by user id. One query."""
    ids = {group.pk for one in addressees for group in one.groups}
    starts: dict[int, datetime] = {}
    for group_id, starts_at in meetings_ahead(ids, now).values_list("group", "starts_at"):
        starts.setdefault(group_id, starts_at)
    return {one.person.pk: _values_of(one, starts) for one in addressees}


def _values_of(one: Addressee, starts: Mapping[int, datetime]) -> dict[str, str]:
    upcoming = [starts[group.pk] for group in one.groups if group.pk in starts]
    return {
        "name": one_line(one.person.display_name),
        "group": join_names(one_line(group.name) for group in one.groups),
        "next_meeting": name_when(min(upcoming), one.person.timezone) if upcoming else "",
    }


def sign(sender: User | None, role: str = TEAM) -> str:
    """Return how the letter is signed: "Max, programme team"."""
    name = one_line(sender.nickname or sender.name) if sender else ""
    return f"{name}, {role}" if name else role.capitalize()


def find_addresses(letter: str) -> frozenset[str]:
    """Return the web addresses that staff wrote. Those in people's names do not become links."""
    return frozenset(WEB_ADDRESS.findall(letter))


def split_paragraphs(
    lines: Collection[str], addresses: Collection[str]
) -> list[tuple[LetterLine, ...]]:
    """Return paragraphs of lines; empty lines separate them."""
    paragraphs: list[list[LetterLine]] = [[]]
    for line in map(clean, lines):
        if line:
            paragraphs[-1].append(LetterLine(line, split_line(line, addresses)))
        elif paragraphs[-1]:
            paragraphs.append([])
    return [tuple(paragraph) for paragraph in paragraphs if paragraph]


def split_line(line: str, addresses: Collection[str]) -> tuple[LetterPart, ...]:
    """Split a line into words and these web addresses."""
    if not addresses:
        return (LetterPart(line, is_link=False, is_apart=False),)
    longest_first = sorted(addresses, key=len, reverse=True)
    known = re.compile("(" + "|".join(map(re.escape, longest_first)) + ")")
    parts: list[LetterPart] = []
    is_apart = False
    for n, text in enumerate(known.split(line)):
        if text.strip():
            parts.append(LetterPart(text.strip(), n % 2 == 1, is_apart or text[0] == " "))
        is_apart = text.endswith(" ") if text else is_apart
    return tuple(parts)
