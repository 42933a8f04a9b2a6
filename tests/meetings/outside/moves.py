"""Each kind of move, asked for through the API, of group B's meetings from week 2 on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from tests.guestvisits.effects.world import World
from tests.meetings.outside.looking import ask

HOUR = timedelta(hours=1)
BEA = "Bea"  # who leads group B


@dataclass(frozen=True)
class Kind:
    """`before`: what was done earlier.  `breaks`: it ends a visit to week 2.  `keeps_place`: the
    meeting stays at its occurrence."""

    do: Callable[[World], None]
    before: Callable[[World], None] | None = None
    breaks: bool = True
    keeps_place: bool = False


def of_week(world: World, what: str, number: int | None = 2, **body: Any) -> None:
    ask(world, BEA, f"meetings/{world.meeting('B', number).pk}/{what}", **body)


def reschedule(world: World) -> None:
    start = world.meeting("B", 2).starts_at + 26 * HOUR
    of_week(world, "reschedule", starts_at=start.isoformat(), minutes=45)


def cancel(world: World) -> None:
    of_week(world, "cancel")


def restore(world: World) -> None:
    of_week(world, "restore")


def postpone(world: World) -> None:
    of_week(world, "postpone", later_too=True)


def put_last(world: World) -> None:
    of_week(world, "postpone", later_too=False)


def add(world: World) -> None:
    start = world.meeting("B", 2).starts_at + 50 * HOUR
    ask(world, BEA, f"groups/{world.group('B').pk}/meetings", starts_at=start.isoformat())


def change_slot(world: World, group: str = "B", who: str = BEA, from_week: int = 2) -> None:
    """To Sundays: the day between its week and the next one's."""
    ask(
        world,
        who,
        f"groups/{world.group(group).pk}/slot",
        from_day=world.meeting(group, from_week).starts_at.date().isoformat(),
        weekday=6,
        start_time="18:30",
        timezone="Europe/Berlin",
        minutes=90,
    )


KINDS = {
    "reschedule": Kind(reschedule, keeps_place=True),
    "cancel": Kind(cancel),
    "restore": Kind(restore, before=cancel, breaks=False, keeps_place=True),
    "postpone": Kind(postpone),
    "put last": Kind(put_last),
    "add": Kind(add, breaks=False, keeps_place=True),
    "slot": Kind(change_slot),
    "slot of all": Kind(lambda world: change_slot(world, from_week=1)),
}
