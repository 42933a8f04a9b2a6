"""A person's set-up status, line by line.

Higher layers contribute lines: they register functions in `set_up_lines`, with their place on the
page as `order`. Takes a constant number of queries.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import Enum

from django.urls import reverse

from cohorts.models import AccessState, Group, Membership, User, live_group
from cohorts.registries import Registry


class SetUpStatus(Enum):
    """The status of a line: a sign and words, so that it does not depend on colour alone."""

    FINE = ("✓", "Done")
    YOURS = ("!", "To do")
    COMING = ("…", "In progress")
    HELD = ("‖", "Blocked")
    OPTIONAL = ("+", "Optional")

    def __init__(self, sign: str, words: str) -> None:
        self.sign = sign
        self.words = words


@dataclass(frozen=True, slots=True)
class Remedy:
    """What the person can do: a link, or a button that posts to `url`."""

    label: str
    url: str
    is_post: bool = False


@dataclass(frozen=True, slots=True)
class SetUpCheck:
    """One line. `text` describes the situation, `remedy` what to do about it."""

    title: str
    status: SetUpStatus
    text: str
    remedy: str = ""
    step: Remedy | None = None


@dataclass(frozen=True, slots=True)
class SetUpContext:
    """The data that all lines need: the person, their groups, and the providers' last reports."""

    person: User
    groups: tuple[Group, ...]
    reported: Mapping[tuple[str, int], AccessState]  # by provider name and group id

    def report(self, provider: str, group: Group) -> AccessState | None:
        """Return the current state. An end of earlier access says nothing about the present."""
        row = self.reported.get((provider, group.pk))
        return None if row is None or row.state == AccessState.State.ENDED else row


set_up_lines: Registry[Callable[[SetUpContext], Iterable[SetUpCheck]]] = Registry("set-up lines")


@dataclass(frozen=True, slots=True)
class SetUp:
    lines: tuple[SetUpCheck, ...]

    @property
    def todo(self) -> tuple[SetUpCheck, ...]:
        """Return the lines that only the person can resolve."""
        return tuple(line for line in self.lines if line.status is SetUpStatus.YOURS)

    @property
    def is_complete(self) -> bool:
        return all(line.status in {SetUpStatus.FINE, SetUpStatus.OPTIONAL} for line in self.lines)


def read_set_up(person: User) -> SetUp:
    context = _read_context(person)
    return SetUp(tuple(line for find in set_up_lines.values() for line in find(context)))


def _read_context(person: User) -> SetUpContext:
    mine = person.memberships.filter(status=Membership.Status.ACTIVE)
    groups = Group.objects.filter(live_group(), pk__in=mine.values("group"))
    groups = groups.order_by("name", "pk")
    rows = AccessState.objects.filter(user=person, group__in=groups)
    return SetUpContext(person, tuple(groups), {(row.provider, row.group_id): row for row in rows})


# -- lines of this app ---------------------------------------------------------------------------


def find_lines(context: SetUpContext) -> Iterator[SetUpCheck]:
    yield _address_line(context.person)
    yield _zone_line(context.person)


def _address_line(person: User) -> SetUpCheck:
    title = "E-mail address"
    if not person.email:
        return SetUpCheck(
            title,
            SetUpStatus.YOURS,
            "We do not have your address, so you cannot get invitations or messages.",
            "Give your address to the people who run your course.",
        )
    muted = (
        "" if person.wants_email else " You turned off e-mail messages; you still get invitations."
    )
    return SetUpCheck(title, SetUpStatus.FINE, f"{person.email}.{muted}")


def _zone_line(person: User) -> SetUpCheck:
    step = Remedy("Choose time zone", reverse("choose-zone"))
    if person.zone_chosen_at is None:
        return SetUpCheck(
            "Time zone",
            SetUpStatus.YOURS,
            f"You have not chosen one yet. Times are shown in {person.timezone}, which is a guess.",
            "Choose yours, even if the guess is right.",
            step,
        )
    return SetUpCheck("Time zone", SetUpStatus.FINE, f"You chose {person.timezone}.", step=step)


# -- texts that several providers share ----------------------------------------------------------


def blocked_check(title: str, row: AccessState) -> SetUpCheck:
    """Return a line for a problem that the person can do nothing about."""
    reason = row.reason.rstrip(".")
    return SetUpCheck(
        title,
        SetUpStatus.HELD,
        f"There is a problem{f': {reason}' if reason else ''}.",
        "The staff can see it. You do not need to do anything.",
    )


def is_blocked(row: AccessState) -> bool:
    return row.state in {AccessState.State.WITHHELD, AccessState.State.FAILED}


def is_being_set_up(group: Group, row: AccessState) -> bool:
    """Return whether nothing is under way for the group until staff request it."""
    return group.set_up_at is None and row.state == AccessState.State.PENDING


def each_group(context: SetUpContext, provider: str) -> Iterable[tuple[Group, AccessState | None]]:
    return ((group, context.report(provider, group)) for group in context.groups)
