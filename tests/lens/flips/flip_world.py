"""A short term in both services, and what is there at its end."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.core import mail
from django.utils.module_loading import import_string

from cohorts.models import Group, Installation, Membership
from cohorts.reconcile.models import GroupSync
from cohorts.services.memberships import move_member
from meetings.models import Attendance
from tests.guestvisits.effects.world import World
from tests.support.academy import Academy
from tests.support.clock import SetClock
from tests.support.cohort import work
from tests.support.moves import cancel_meeting, move_meeting
from tests.support.passing_time import EVERY_MINUTE
from tests.support.running_sandbox import RunningSandbox
from tests.support.worlds import describe_guild

GROUPS = {"A": ("Ada", "Alan", "Amy"), "B": ("Bea", "Ben")}
SERVICES = ("discord", "google")


@dataclass(frozen=True)
class Outcome:
    """The state at the end, and what it took.

    state      what people see in both services, and what Lens knows; must be right
    emails     by (service, receiver, kind); of Lens: "lens"
    calls      by service
    refused    calls that a service refused on its own account
    patched    fields of series that Lens changed in the calendar
    """

    state: dict[str, Any]
    emails: Counter[tuple[str, str, str]]
    calls: Counter[str]
    refused: tuple[str, ...]
    patched: frozenset[str]


@dataclass
class FlipWorld(World):
    """Work is done at once, so that a test can roll it back."""

    def work(self) -> None:
        work("discord", "calendar")

    def minute(self, times: int = 1) -> None:
        for _ in range(times):
            self.pass_time(minutes=1)
            self._end_waits()
            for task in EVERY_MINUTE:
                import_string(task)()
            self.work()

    # -- the term ----------------------------------------------------------------------------

    def live(self) -> None:
        """Two groups are realized; one change of each kind; one cancelled meeting; a week."""
        self.realize()
        self.minute()
        self.calendar.respond(self.person("Ada"), "accepted", self.group("A"))
        ben, second = self.person("Ben"), self.meeting("B", 2)
        self.calendar.respond(ben, "declined", self.group("B"), second)
        self.hour()
        self._change()
        self.minute()
        cancel_meeting(self.meeting("B", 3).pk, now=self.now)
        self.minute()
        self.pass_time(days=5)  # the first meetings are over
        self.hour()
        self.minute()

    def _change(self) -> None:
        member = Membership.objects.get(user__name="Alan", status="active")
        move_member(member.pk, self.group("B").pk, now=self.now)
        self.work()
        second = self.meeting("A", 2)
        move_meeting(second.pk, starts_at=second.starts_at + timedelta(hours=1), now=self.now)

    # -- what is there -----------------------------------------------------------------------

    def outcome(self) -> Outcome:
        calls = [call for call in self.sandbox.calls() if _is_ours(call)]
        return Outcome(
            state=self._describe(),
            emails=self._emails(),
            calls=Counter(call["service"] for call in calls),
            refused=tuple(_name(call) for call in calls if _is_refused(call)),
            patched=frozenset(
                name for call in calls if _changes_series(call) for name in call["body"]
            ),
        )

    def writes_nothing_more(self) -> bool:
        """Return whether a comparison of everything finds nothing to do."""
        since = self.sandbox.last
        self.hour()
        return not [call for call in self.sandbox.writes(since) if _is_ours(call)]

    def _describe(self) -> dict[str, Any]:
        self.calendar.behave(left_out=[], cancelled="detailed")
        shown = ("user__name", "meeting__group__name", "meeting__number", "rsvp")
        guild = describe_guild(self.sandbox.get("state"))
        ahead = [event for event in guild["events"] if event[1] > self.now.isoformat()]
        return {
            **guild,
            "events": ahead,  # what has begun is left to Discord
            "calendar": sorted(self._occurrences()),
            "rsvps": sorted(Attendance.objects.values_list(*shown)),
            "issues": self.troubles(),
            "pending": list(GroupSync.objects.filter(failures__gt=0).values_list("issue")),
        }

    def _occurrences(self) -> list[tuple[str, str, list[str]]]:
        """What is in the calendar and who is invited; the answers there are Google's own."""
        listed = self.calendar.ask("events?singleEvents=true&maxResults=2500")["items"]
        return [
            (event["summary"], event["start"]["dateTime"], sorted(self._invited(event)))
            for event in listed
            if event["status"] == "confirmed"
        ]

    def _invited(self, event: dict[str, Any]) -> Iterator[str]:
        aliases = self.sandbox.get("state")["google"]["settings"]["aliases"]
        names = {alias: address for address, alias in aliases.items()}
        for one in event.get("attendees", ()):
            if not one.get("self"):  # the calendar's own entry, which gives no one access
                yield names.get(one["email"], one["email"])

    def _emails(self) -> Counter[tuple[str, str, str]]:
        found = Counter(("google", to, kind) for to, kind in self.calendar.mails)
        found.update(("lens", one.to[0], str(one.subject)) for one in mail.outbox)
        return found


def make_world(
    sandbox: RunningSandbox, set_clock: SetClock, now: datetime, *, ahead: int = 0
) -> FlipWorld:
    """Two groups with people who are all in the server; a channel that the bot cannot see.

    The product's clock is `ahead` seconds ahead of the sandbox's.
    """
    set_clock(now + timedelta(seconds=ahead))
    sandbox.set_clock(now)
    started = now - timedelta(hours=1)  # also where the real time is another
    Installation.objects.update(first_started_at=started, quiet_before=started)
    world = FlipWorld(sandbox, set_clock, Academy(now, groups=GROUPS, meetings=4))
    Group.objects.update(status=Group.Status.PREVIEW, set_up_at=None)
    for group, names in GROUPS.items():
        for name in names:
            world.add(name, group)
    Membership.objects.update(joined_at=started)
    hide_channel(sandbox)
    return world


def hide_channel(sandbox: RunningSandbox) -> None:
    guild = sandbox.get("state")["discord"]["guild"]["id"]
    hidden = {"id": guild, "type": 0, "allow": "0", "deny": str(1 << 10)}
    fields = {"name": "board", "type": 0, "permission_overwrites": [hidden]}
    sandbox.post("create", {"kind": "channel", "fields": fields})


def _is_ours(call: dict[str, Any]) -> bool:
    return "calendars/primary/" not in call["path"]  # which the tests themselves use


def _is_refused(call: dict[str, Any]) -> bool:
    return bool(call["effect_status"] and call["effect_status"] >= 400)


def _changes_series(call: dict[str, Any]) -> bool:
    """Return whether a call changes an event that has no place in another one."""
    is_change = call["service"] == "google" and call["method"] in ("PATCH", "PUT")
    return is_change and "_" not in call["path"].rpartition("/")[2]


def _name(call: dict[str, Any]) -> str:
    return f"{call['method']} {call['path']} {call['effect_status']}"
