"""People who lead a meeting of a group that is not theirs, and are reminded of it.

This app does not know about substitutes. Higher layers register functions that map the id of a
meeting to these people.
"""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass

from cohorts.models import User
from cohorts.registries import Registry


@dataclass(frozen=True, slots=True)
class MeetingLeader:
    """Someone who leads one meeting. `page`: the path on which they say that they can't."""

    person: User
    page: str


FindLeaders = Callable[[Collection[int]], Mapping[int, Iterable[MeetingLeader]]]

leaders: Registry[FindLeaders] = Registry("leaders of meetings of other groups")


def find_leaders(meeting_ids: Collection[int]) -> Mapping[int, list[MeetingLeader]]:
    """Return the leaders by meeting id."""
    found: dict[int, list[MeetingLeader]] = defaultdict(list)
    for find in leaders.values():
        for meeting_id, people in find(meeting_ids).items():
            found[meeting_id] += people
    return found
