"""The calendar as a person sees it, and what a person or Google does to it."""

from __future__ import annotations

import json
from datetime import datetime
from http import HTTPStatus
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

from calendarsync.models import CalendarSeries
from cohorts import clock
from cohorts.models import Group, User
from cohorts.reconcile import services
from cohorts.reconcile.controller import run_once
from cohorts.reconcile.models import GroupSync, ProviderState
from cohorts.reconcile.runs import provider_state
from meetings.models import Meeting
from tests.support.academy import Academy
from tests.support.clock import SetClock
from tests.support.running_sandbox import RunningSandbox

Json = dict[str, Any]
SLICES = 12


class SeenCalendar:
    def __init__(self, sandbox: RunningSandbox, set_clock: SetClock) -> None:
        self.sandbox = sandbox
        self._set_clock = set_clock

    @property
    def now(self) -> datetime:
        return clock.now()

    # -- work --------------------------------------------------------------------------------

    def realize(self, academy: Academy, *groups: str) -> None:
        """Staff press Realize for these groups (all, when none is named); a worker does it."""
        self.realize_only(academy, *groups)
        self.work()

    def realize_only(self, academy: Academy, *groups: str) -> None:
        """Staff press Realize, and no worker is there yet."""
        chosen = groups or tuple(academy.groups)
        ids = [academy.groups[name].pk for name in chosen]
        services.request_realize(ids, by=None, now=clock.now())

    def work(self) -> int:
        """What workers do until nothing is due; returns how many passes it took."""
        for slices in range(SLICES):
            if not provider_state.has_work("calendar", clock.now()):
                return slices
            assert run_once("calendar"), "the mirror waits for something"
        raise AssertionError(f"still due after {SLICES} slices: {self.troubles()}")

    def try_once(self) -> None:
        """One pass, with any result; waits are over."""
        self._end_waits()
        run_once("calendar")

    def recover(self) -> None:
        """The service is back: what workers do once the waits are over."""
        for _ in range(SLICES):
            self._end_waits()
            if not provider_state.has_work("calendar", clock.now()):
                return
            run_once("calendar")
        raise AssertionError(f"still due after {SLICES} slices: {self.troubles()}")

    def _end_waits(self) -> None:
        ProviderState.objects.filter(provider="calendar").update(retry_at=None, parked={})
        GroupSync.objects.filter(failures__gt=0).update(next_at=clock.now())

    def look(self) -> None:
        """The hourly compare: every group once more."""
        services.resync("calendar")
        self.work()

    def move_clock(self, moment: datetime) -> None:
        self._set_clock(moment)
        self.sandbox.set_clock(moment)

    def troubles(self) -> dict[str, str]:
        """By the group's name; the provider's own under ""."""
        rows = GroupSync.objects.filter(provider="calendar").exclude(issue="")
        found = {row.group.name: row.issue for row in rows.select_related("group")}
        state = ProviderState.objects.get(provider="calendar")
        return found | ({"": state.issue} if state.issue else {})

    # -- what exists -------------------------------------------------------------------------

    @property
    def events(self) -> dict[str, Json]:
        """Everything that exists, as Google would answer, by id; series and exceptions."""
        listed = self.ask("events?maxResults=2500")
        return {event["id"]: event for event in listed["items"]}

    @property
    def all_series(self) -> list[Json]:
        return [event for event in self.events.values() if "recurrence" in event]

    def series_ids(self, group: Group) -> list[str]:
        """Of the series that were not cancelled as a whole, the newest first."""
        rows = CalendarSeries.objects.filter(group=group, gone_at=None).order_by("-generation")
        return list(rows.values_list("event_id", flat=True))

    def series_id(self, group: Group) -> str:
        return self.series_ids(group)[0]

    def series(self, group: Group) -> Json:
        return self.ask(f"events/{self.series_id(group)}")

    def singles(self, group: Group) -> list[Json]:
        """The existing events of a group outside its series."""
        return [
            event
            for event in self.events.values()
            if "recurrence" not in event
            and "recurringEventId" not in event
            and event["extendedProperties"]["private"]["lens_group_id"] == str(group.pk)
        ]

    def occurrence(self, meeting: Meeting) -> Json:
        """What the calendar has at a meeting's place in the rhythm, cancelled or not."""
        place = meeting.rhythm_starts_at
        assert place is not None
        ids = [f"{one}_{place:%Y%m%dT%H%M%SZ}" for one in self.series_ids(meeting.group)]
        found = [event for event in map(self.find, ids) if event]
        return next((event for event in found if event["status"] == "confirmed"), found[0])

    def invited(self, event: Json) -> set[str]:
        """The names of who is on an event's list."""
        return {one["email"].partition("@")[0] for one in event.get("attendees", [])}

    def answer(self, event: Json, person: User) -> str:
        return next(
            one["responseStatus"] for one in event["attendees"] if one["email"] == person.email
        )

    def ask(self, path: str) -> Json:
        """GET what Google would answer to someone else who may see the calendar."""
        return self._send(path, None)

    def find(self, event_id: str) -> Json | None:
        try:
            return self.ask(f"events/{event_id}")
        except HTTPError as error:
            if error.code != HTTPStatus.NOT_FOUND:
                raise
            return None

    def invitations(self, person: User) -> list[str]:
        """The starts of everything ahead that a person is on."""
        return [start for start, _ in self.invited_times(person)]

    def invited_times(self, person: User) -> list[tuple[str, str]]:
        """Start and end of everything still to begin that a person is invited to."""
        now = self.now.isoformat().replace("+00:00", "Z")
        listed = self.ask(f"events?singleEvents=true&timeMin={now}&maxResults=2500")["items"]
        mine = (one for one in listed if person.email in str(one.get("attendees")))
        return sorted((one["start"]["dateTime"], one["end"]["dateTime"]) for one in mine)

    def insert(self, body: Json) -> Json:
        """Someone else makes an event."""
        return self._send("events", body)

    def _send(self, path: str, body: Json | None) -> Json:
        request = Request(  # noqa: S310 - a sandbox
            f"{self.sandbox.url}/calendar/v3/calendars/primary/{path}",
            json.dumps(body).encode() if body else None,
            {"Authorization": "Bearer tests", "Content-Type": "application/json"},
        )
        with urlopen(request, timeout=10) as answer:  # noqa: S310 - a sandbox
            return dict(json.load(answer))

    # -- mails -------------------------------------------------------------------------------

    @property
    def mails(self) -> list[tuple[str, str]]:
        """Who was mailed what since the mails were forgotten: (name, kind)."""
        mails = self.sandbox.get("state")["google"]["mails"]
        return sorted((mail["to"].partition("@")[0], mail["kind"]) for mail in mails)

    def forget_mails(self) -> None:
        self.do("mails")

    # -- what others do ----------------------------------------------------------------------

    def do(self, control: str, **wish: Any) -> None:
        self.sandbox.post(f"google/{control}", wish)

    def behave(self, **settings: Any) -> None:
        """How Google behaves where its documents leave it open."""
        self.do("settings", **settings)

    def respond(
        self, person: User, answer: str, group: Group, meeting: Meeting | None = None
    ) -> None:
        """A person answers the series, or one occurrence of it."""
        place = meeting.rhythm_starts_at if meeting else None
        self.do(
            "respond",
            event=self.series_id(group),
            attendee=person.email,
            answer=answer,
            **({"original_start": place.isoformat()} if place else {}),
        )

    # -- calls -------------------------------------------------------------------------------

    def calls_since(self, number: int) -> list[Json]:
        return [
            call
            for call in self.sandbox.calls(number, service="google")
            if "calendars/primary/" not in call["path"]
        ]

    def writes_since(self, number: int) -> list[str]:
        return [call["method"] for call in self.calls_since(number) if call["wrote"]]

    def reads_since(self, number: int) -> int:
        return sum(not call["wrote"] for call in self.calls_since(number))
