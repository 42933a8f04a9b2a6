"""What only higher layers know of groups and meetings.

They register functions that tell it: where groups meet, what people still have to do to get there,
who is away from meetings of their own group, and who leads a meeting of a group that is not theirs.
"""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import chain

from cohorts.models import User
from cohorts.registries import Registry


@dataclass(frozen=True, slots=True)
class Venue:
    """A place to meet: its name, its URL, and its channel id in a chat that can link to it."""

    name: str
    url: str
    channel_id: int | None = None


@dataclass(frozen=True, slots=True)
class JoinStep:
    """One thing that a person has to do to see where the group meets, with its page."""

    label: str
    url: str


@dataclass(frozen=True, slots=True)
class MeetingLeader:
    """Someone who leads one meeting. `page`: the path on which they say that they can't."""

    person: User
    page: str


FindVenues = Callable[[Collection[int]], Mapping[int, Venue]]
FindSteps = Callable[[User, datetime], Iterable[JoinStep]]
# Sentences for people who are away, on how to attend after all, by (meeting id, user id).
FindAbsences = Callable[[Collection[int], datetime], Mapping[tuple[int, int], str]]
FindLeaders = Callable[[Collection[int]], Mapping[int, Iterable[MeetingLeader]]]

venues: Registry[FindVenues] = Registry("meeting venues")
join_steps: Registry[FindSteps] = Registry("steps to join")
absences: Registry[FindAbsences] = Registry("absences from meetings")
leaders: Registry[FindLeaders] = Registry("leaders of meetings of other groups")


def find_venues(group_ids: Collection[int]) -> dict[int, Venue]:
    """Return the venues by group id. Groups without a venue are left out."""
    found: dict[int, Venue] = {}
    for find in venues.values():
        found |= find(group_ids)
    return found


def find_join_steps(person: User, now: datetime) -> tuple[JoinStep, ...]:
    """Return what the person still has to do; empty if nothing is left or it is not known."""
    return tuple(chain.from_iterable(find(person, now) for find in join_steps.values()))


def find_absences(meeting_ids: Collection[int], now: datetime) -> dict[tuple[int, int], str]:
    """Return the sentences by (meeting id, user id). People not known to be away are left out."""
    found: dict[tuple[int, int], str] = {}
    for find in absences.values():
        found |= find(meeting_ids, now)
    return found


def find_leaders(meeting_ids: Collection[int]) -> Mapping[int, list[MeetingLeader]]:
    """Return the leaders by meeting id."""
    found: dict[int, list[MeetingLeader]] = defaultdict(list)
    for find in leaders.values():
        for meeting_id, people in find(meeting_ids).items():
            found[meeting_id] += people
    return found
