"""Who gets a letter, how it reaches them, and what has changed since staff saw that."""

import hashlib
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from django.db.models import QuerySet

from cohorts.errors import Refusal
from cohorts.models import Membership, User
from cohorts.outbox.models import Message
from cohorts.outbox.rendering.render import MessageContent, render
from cohorts.outbox.routing.routes import DeliveryRequest, DeliveryRoute, find_routes
from cohorts.steps.letters import check_letter
from cohorts.words import count_people, join_names
from meetings.writing.audience import Addressee, read_addressees
from meetings.writing.staff_letter import (
    PLACEHOLDERS,
    STAFF_LETTER,
    TEAM,
    letter_context,
    read_values,
)

FITS_DISCORD = 1700  # characters of a letter; a message there holds 2,000
NAMED = 5  # people in a sentence
NO_ADDRESS = "No e-mail address: the letter waits for 7 days, until you enter one."


@dataclass(frozen=True, slots=True)
class LetterReader:
    """A person of the audience. `why_not`: why the letter cannot reach them for now, if so."""

    addressee: Addressee
    channel: str
    why_not: str
    values: Mapping[str, str]

    @property
    def id(self) -> int:
        return self.addressee.person.pk

    @property
    def name(self) -> str:
        return self.addressee.person.display_name


@dataclass(frozen=True, slots=True)
class LetterPreview:
    """Everything that sending the letter would do. `digest` is equal for equal previews."""

    letter: str
    readers: tuple[LetterReader, ...]

    @property
    def by_email(self) -> list[LetterReader]:
        return [one for one in self.readers if one.channel == Message.Channel.EMAIL]

    @property
    def on_discord(self) -> list[LetterReader]:
        return [one for one in self.readers if one.channel == Message.Channel.DISCORD_DM]

    @property
    def unreached(self) -> list[LetterReader]:
        return [one for one in self.readers if not one.channel]

    @property
    def reached(self) -> list[LetterReader]:
        return [one for one in self.readers if one.channel]

    def lacking(self, placeholder: str) -> list[LetterReader]:
        """Return the readers for whom a placeholder that the letter uses is empty."""
        is_used = f"{{{placeholder}}}" in self.letter
        return [one for one in self.readers if is_used and not one.values[placeholder]]

    @property
    def digest(self) -> str:
        seen = [
            (one.id, one.channel, one.why_not, sorted(one.values.items())) for one in self.readers
        ]
        return hashlib.sha256(repr((self.letter, sorted(seen))).encode()).hexdigest()[:32]


def read_preview(letter: str, members: QuerySet[Membership], now: datetime) -> LetterPreview:
    """Return who would get a letter. A constant number of queries.

    Raises Refusal: bad_letter, no_readers, too_long_for_discord.
    """
    check_letter(letter, PLACEHOLDERS)
    addressees = read_addressees(members)
    if not addressees:
        raise Refusal("no_readers", "Nobody is in this audience. Choose another one.")
    values = read_values(addressees, now)
    requests = {one.person.pk: DeliveryRequest(one.person.pk, STAFF_LETTER) for one in addressees}
    routes = find_routes(set(requests.values()), now)
    readers = (
        _build_reader(one, routes[requests[one.person.pk]], values[one.person.pk])
        for one in addressees
    )
    preview = LetterPreview(letter, tuple(readers))
    if preview.on_discord and len(letter) > FITS_DISCORD:
        raise Refusal(
            "too_long_for_discord",
            f"{count_people(len(preview.on_discord))} of the readers chose Discord, where a letter "
            f"holds {FITS_DISCORD} characters. This one has {len(letter)}. Shorten it.",
        )
    return preview


def show_letter(
    reader: LetterReader, letter: str, sender: User, now: datetime, *, role: str = TEAM
) -> MessageContent:
    """Return the letter as this person will read it, without its foot, whose links act for them."""
    groups = reader.addressee.groups
    message = Message(
        kind=STAFF_LETTER,
        channel=reader.channel or Message.Channel.EMAIL,
        user=reader.addressee.person,
        group=groups[0],
        due_at=now,
        cutoff_at=now,
        context=letter_context(letter, sender, [one.pk for one in groups], role=role),
    )
    content = render(message, now)
    return replace(content, text=content.text.partition("\n--\n")[0], html="")


def _build_reader(
    addressee: Addressee, route: DeliveryRoute, values: Mapping[str, str]
) -> LetterReader:
    if route.channel == Message.Channel.EMAIL and not addressee.person.email:
        return LetterReader(addressee, "", NO_ADDRESS, values)
    return LetterReader(addressee, route.channel, route.why, values)


def explain_change(before: Collection[int], preview: LetterPreview) -> str:
    """Say in a sentence what has changed since a preview with these readers."""
    added = [one.name for one in preview.readers if one.id not in before]
    gone = set(before) - {one.id for one in preview.readers}
    names = [
        person.display_name for person in User.objects.filter(pk__in=gone).order_by("name", "pk")
    ]
    found = [f"{_name(added)} joined the audience"] if added else []
    if names:
        found.append(f"{_name(names)} left {'it' if added else 'the audience'}")
    what = " and ".join(found) or "a route or a time in the letter is another one now"
    return f"Since the preview {what}. Nothing was sent. Check the new preview."


def _name(names: Collection[str]) -> str:
    shown = list(names)
    more = [count_people(len(shown) - NAMED)] if len(shown) > NAMED + 1 else []
    return join_names([*(shown[:NAMED] if more else shown), *more])
