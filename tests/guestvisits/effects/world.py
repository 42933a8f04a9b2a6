"""Three groups that are realized in both sandboxes, a clock, and workers that are up or down.

    world.book("Ada", "B", 1)       two clicks of Ada's: she visits group B in week 1
    world.minute()                  what a minute brings while the workers are up
    world.move_clock(later)         time passes while they are down

Nothing is asked of a provider here: what is done was queued by a change of facts, or by the clock.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db.models import F
from django.test import Client

from cohorts import clock
from cohorts.models import Group, User
from cohorts.reconcile import services
from cohorts.reconcile.models import GroupSync, ProviderState
from guestvisits.models import GuestVisit
from meetings.models import Attendance, Meeting
from tests.calendarsync.seen import SeenCalendar
from tests.support.academy import Academy
from tests.support.passing_time import PassingTime

FIRST_DISCORD_ID = 200000000000000000
ABOUT_VISITS = re.compile(
    r"^(?P<name>\w+)\b.*\b(?P<what>is joining|is not joining|guest visit has ended|is away)"
)

# In which a guest is invited; the one that is not the default is tried in the large matrix.
both_ways = pytest.mark.parametrize(
    "way", ["instance", pytest.param("own_event", marks=pytest.mark.matrix)]
)


@dataclass
class World(PassingTime):
    academy: Academy
    people: list[User] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.calendar = SeenCalendar(self.sandbox, self.set_clock)

    # -- people and groups -------------------------------------------------------------------

    def add(self, name: str, group: str, *, joins: bool = True, **fields: Any) -> User:
        """A member; in the guild too, unless they have not joined it yet."""
        fields = {"discord_id": FIRST_DISCORD_ID + User.objects.count() + 1, **fields}
        person = self.academy.add_member(name, group, **fields)
        if joins and person.discord_id:
            self.join(person)
        return person

    def join(self, person: User) -> None:
        """The person joins the Discord server."""
        member = {"id": str(person.discord_id), "username": person.name.lower()}
        self.sandbox.post("join", member)

    def person(self, name: str) -> User:
        return User.objects.get(name=name)

    def group(self, name: str) -> Group:
        return Group.objects.get(pk=self.academy.groups[name].pk)

    def meeting(self, group: str, number: int | None = 1) -> Meeting:
        return self.academy.meeting(group, number)

    def realize(self) -> None:
        services.request_realize(
            [group.pk for group in self.academy.groups.values()], by=None, now=clock.now()
        )
        self.work()

    # -- time and work -----------------------------------------------------------------------

    def hour(self) -> None:
        """The hourly comparison of everything, though nothing has changed."""
        GroupSync.objects.update(next_at=F("next_at") - timedelta(hours=1))
        self.minute()

    # -- what people do ----------------------------------------------------------------------

    def book(self, name: str, host: str, number: int = 1) -> GuestVisit:
        person = self.person(name)
        home = Meeting.objects.get(
            group__memberships__user=person, group__memberships__status="active", number=number
        )
        self._call(
            "post",
            "/api/guest-visits",
            person,
            {"home_meeting_id": home.pk, "host_meeting_id": self.meeting(host, number).pk},
        )
        return GuestVisit.objects.get(user=person, ended_at=None, home_meeting=home)

    def cancel(self, name: str, host: str, number: int = 1) -> None:
        address = f"/api/guest-visits/{self.meeting(host, number).pk}"
        self._call("delete", address, self.person(name))

    def _call(self, method: str, address: str, person: User, body: Any = None) -> None:
        browser = Client()
        browser.force_login(person)
        answer = getattr(browser, method)(address, body, content_type="application/json")
        assert answer.status_code == 200, answer.content.decode()

    def page(self, name: str) -> str:
        """The page of a person's meetings."""
        browser = Client()
        browser.force_login(self.person(name))
        return browser.get("/meetings/").content.decode()

    # -- what is in the database -------------------------------------------------------------

    def answers(self, name: str) -> dict[str, str]:
        """By group: what the person's attendances of all weeks say; guests are marked."""
        rows = Attendance.objects.filter(user__name=name).select_related("meeting__group")
        return {
            f"{row.meeting.group.name} {row.meeting.number}": "guest: " * row.is_guest + row.rsvp
            for row in rows
        }

    # -- what exists outside -----------------------------------------------------------------

    def access(self, name: str) -> set[str]:
        """The letters of the groups whose role someone holds."""
        guild = self.sandbox.get("state")["discord"]
        member = guild["members"].get(str(self.person(name).discord_id), {"roles": []})
        roles = (guild["roles"][role]["name"] for role in member["roles"])
        return {name.removeprefix("Group ").partition(" (")[0] for name in roles}

    def said(self, group: str) -> list[str]:
        """What we said in a group's own channel."""
        guild = self.sandbox.get("state")["discord"]
        name = f"group-{group.lower()}"
        (channel,) = (pk for pk, one in guild["channels"].items() if one["name"] == name)
        history = guild["messages"].get(channel, {})
        return [history[pk]["content"] for pk in sorted(history, key=int)]

    def told(self, group: str) -> list[str]:
        """What of that is about visits, in short: who joins, goes, stays away."""
        found = (ABOUT_VISITS.search(text.replace("**", "")) for text in self.said(group))
        return [f"{one['name']} {one['what']}" for one in found if one]

    def invited(self, name: str, group: str) -> list[int]:
        """The weeks of a group to whose meetings someone is invited, once for each invitation."""
        address = str(self.person(name).email)
        weeks = []
        for meeting in self.academy.groups[group].meetings.order_by("number"):
            occurrence = self.calendar.occurrence(meeting)
            if occurrence["status"] == "confirmed" and address in _addresses(occurrence):
                weeks.append(meeting.number)
        singles = self.calendar.singles(self.academy.groups[group])
        starts = [
            datetime.fromisoformat(one["start"]["dateTime"])
            for one in singles
            if address in _addresses(one)
        ]
        by_start = {m.starts_at: m.number for m in self.academy.groups[group].meetings.all()}
        return sorted(weeks + [by_start[start] for start in starts])

    def entries(self, group: str, number: int = 1, *, but: Iterable[str] = ()) -> list[Any]:
        """An occurrence's list of attendees to the letter, some people's apart."""
        left_out = {str(self.person(name).email) for name in but}
        occurrence = self.calendar.occurrence(self.meeting(group, number))
        return [one for one in occurrence["attendees"] if one["email"] not in left_out]

    def troubles(self) -> list[str]:
        """What any page would say is wrong: of the providers, and of groups in them."""
        rows = GroupSync.objects.exclude(issue="").values_list("issue", flat=True)
        states = ProviderState.objects.exclude(issue="").values_list("issue", flat=True)
        return sorted([*rows, *states])


def _addresses(event: dict[str, Any]) -> set[str]:
    return {one["email"] for one in event.get("attendees", ())}
