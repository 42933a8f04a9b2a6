"""Whether everything is in place for one person, line by line.

Higher floors say their part: settings.SET_UP_LINES names functions `(Scene) -> Iterable[Line]`, in
the order in which their lines are shown.  Read in a constant number of queries.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import Enum

from django.conf import settings
from django.urls import reverse
from django.utils.module_loading import import_string

from cohorts.models import AccessState, Group, Membership, User, live_group


class Standing(Enum):
    """How a line stands: a sign and the words for it, which say the same as the colour."""

    FINE = ("✓", "In order")
    YOURS = ("!", "For you to do")
    COMING = ("…", "On its way")
    HELD = ("‖", "Held up")
    OPTIONAL = ("+", "If you like")

    def __init__(self, sign: str, words: str) -> None:
        self.sign = sign
        self.words = words


@dataclass(frozen=True, slots=True)
class Step:
    """What to press: a link, or a button that posts there."""

    label: str
    url: str
    is_post: bool = False


@dataclass(frozen=True, slots=True)
class Line:
    """`text` says what is the case, `remedy` what to do about it."""

    title: str
    standing: Standing
    text: str
    remedy: str = ""
    step: Step | None = None


@dataclass(frozen=True, slots=True)
class Scene:
    """What every part needs: the person, their groups, and what the mirrors last reported."""

    person: User
    groups: tuple[Group, ...]
    reported: Mapping[tuple[str, int], AccessState]  # by mirror and group

    def report(self, mirror: str, group: Group) -> AccessState | None:
        """What holds now: an end of earlier access says nothing of the present."""
        row = self.reported.get((mirror, group.pk))
        return None if row is None or row.state == AccessState.State.ENDED else row


@dataclass(frozen=True, slots=True)
class SetUp:
    lines: tuple[Line, ...]

    @property
    def todo(self) -> tuple[Line, ...]:
        """What only the person can do."""
        return tuple(line for line in self.lines if line.standing is Standing.YOURS)

    @property
    def is_complete(self) -> bool:
        return all(line.standing in {Standing.FINE, Standing.OPTIONAL} for line in self.lines)


def read_set_up(person: User) -> SetUp:
    scene = _read_scene(person)
    return SetUp(
        tuple(line for path in settings.SET_UP_LINES for line in import_string(path)(scene))
    )


def _read_scene(person: User) -> Scene:
    mine = person.memberships.filter(status=Membership.Status.ACTIVE)
    groups = Group.objects.filter(live_group(), pk__in=mine.values("group"))
    groups = groups.order_by("name", "pk")
    rows = AccessState.objects.filter(user=person, group__in=groups)
    return Scene(person, tuple(groups), {(row.mirror, row.group_id): row for row in rows})


# -- what is known on this floor -----------------------------------------------------------------


def own_lines(scene: Scene) -> Iterator[Line]:
    yield _address_line(scene.person)
    yield _zone_line(scene.person)


def _address_line(person: User) -> Line:
    title = "E-mail address"
    if not person.email:
        return Line(
            title,
            Standing.YOURS,
            "We know none of yours, so no invitation and no message can reach you.",
            "Tell the people who run your course your address.",
        )
    muted = (
        "" if person.wants_email else " You asked for no messages; invitations come all the same."
    )
    return Line(title, Standing.FINE, f"{person.email}.{muted}")


def _zone_line(person: User) -> Line:
    step = Step("Choose the time zone", reverse("choose-zone"))
    if person.zone_chosen_at is None:
        return Line(
            "Time zone",
            Standing.YOURS,
            f"Nobody has chosen it yet; times are shown in {person.timezone}, which is a guess.",
            "Choose yours, also if the guess is right.",
            step,
        )
    return Line("Time zone", Standing.FINE, f"You chose {person.timezone}.", step=step)


# -- words that several mirrors share ------------------------------------------------------------


def held_up(title: str, row: AccessState) -> Line:
    """Something that the person can do nothing about."""
    reason = row.reason.rstrip(".")
    return Line(
        title,
        Standing.HELD,
        f"Something holds it up{f': {reason}' if reason else ''}.",
        "The staff see it on their first page; you need do nothing.",
    )


def is_held_up(row: AccessState) -> bool:
    return row.state in {AccessState.State.WITHHELD, AccessState.State.FAILED}


def is_being_set_up(group: Group, row: AccessState) -> bool:
    """Nothing is on its way to a group for which staff have not asked anything yet."""
    return group.status == Group.Status.PREVIEW and row.state == AccessState.State.WANTED


def each_group(scene: Scene, mirror: str) -> Iterable[tuple[Group, AccessState | None]]:
    return ((group, scene.report(mirror, group)) for group in scene.groups)
