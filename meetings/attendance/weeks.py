"""What counts for someone who came from another group of the cohort. Pure.

the week                                  what counts
----------------------------------------  ------------------------------------------------------
both groups held it                       once: attended, if either meeting was attended;
                                          otherwise what is known of the person's group then
only one of them held it, or the other    attended counts; otherwise it was not expected of the
group's meeting was before they joined    person
an extra session of the earlier group     attended counts; otherwise it was not expected
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from datetime import datetime

from meetings.models import Attendance, Meeting

PRESENT = Attendance.Presence.PRESENT
ELSEWHERE = "elsewhere"  # in addition to the values of Presence: attended with another group


def list_presences(
    own: Iterable[Meeting],
    earlier: Collection[Meeting],
    joined_at: datetime,
    presence_at: Callable[[Meeting], str],
) -> Iterator[str]:
    """Yield a presence, or ELSEWHERE, for each meeting that counts.

    `own`: the group's meetings; `earlier`: those of the earlier groups while the person was there.
    """
    before: dict[int, str] = {}
    for meeting in earlier:
        if meeting.number is not None:
            before[meeting.number] = _best(presence_at(meeting), before.get(meeting.number))
    for meeting in own:
        was, then = presence_at(meeting), before.pop(meeting.number or 0, None)
        if meeting.starts_at >= joined_at:
            yield _best(was, then)
        elif then is not None:
            yield _best(then, was)
        elif _is_attended(was):
            yield was
    extra = [presence_at(meeting) for meeting in earlier if meeting.number is None]
    yield from (was for was in (*before.values(), *extra) if _is_attended(was))


def _best(first: str, second: str | None) -> str:
    return next((was for was in (PRESENT, ELSEWHERE) if was in {first, second}), first)


def _is_attended(was: str) -> bool:
    return was in {PRESENT, ELSEWHERE}
