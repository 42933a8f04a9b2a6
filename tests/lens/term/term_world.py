"""What exists outside while a term passes: access, channels, calendar, e-mails and posts."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.core import mail
from django.utils.module_loading import import_string

from cohorts.models import Group, User
from cohorts.reconcile.issues import find_issue
from cohorts.reconcile.models import GroupSync, ProviderState
from discordsync.sandbox.permissions import who_may_what
from lens.schedules import ENTRIES, SWEEP
from tests.calendarsync.seen import SeenCalendar
from tests.support.passing_time import EVERY_MINUTE, PassingTime

BERLIN = ZoneInfo("Europe/Berlin")
LESS_OFTEN = tuple(entry.func for entry in ENTRIES if entry.minutes > 1)
MENTION = re.compile(r"<@(\d+)>")
TIME_OR_CHANNEL = re.compile(r"[:,]?\s*\(?<[t#][^>]*>.*")
VOICE_OF = " voice"

Rights = dict[tuple[str, str], str]


@dataclass(frozen=True)
class Existing:
    """What exists of a group: "channels", "nothing" or what is left, and the days of its meetings
    in the calendar and in Discord's list of events."""

    channels: str = "nothing"
    calendar: str = ""
    events: str = ""


@dataclass
class TermWorld(PassingTime):
    """One server, one calendar, one clock; a worker that is always up."""

    ticks: Mapping[int, tuple[time, ...]] = field(default_factory=dict)  # by weekday
    seen_mails: int = 0
    seen_posts: set[str] = field(default_factory=set)
    texts: dict[tuple[str, str], str] = field(default_factory=dict)  # of the e-mails taken last

    def __post_init__(self) -> None:
        self.calendar = SeenCalendar(self.sandbox, self.set_clock)

    # -- time --------------------------------------------------------------------------------

    def wait_until(self, moment: datetime) -> None:
        """Let time pass. For speed the worker is seen at the ticks alone, on Berlin's clock."""
        day = self.now.astimezone(BERLIN).date()
        while day <= moment.astimezone(BERLIN).date():
            for clock_time in self.ticks.get(day.weekday(), ()):
                tick = datetime.combine(day, clock_time, BERLIN)
                if self.now < tick < moment:
                    self.work_at(tick)
            day += timedelta(days=1)
        self.work_at(moment)

    def work_at(self, moment: datetime) -> None:
        """Do what a worker does that was up all the time: read the outside, then all the rest."""
        self.move_clock(moment)
        self._end_waits()
        import_string(SWEEP)()
        self.work()
        for task in (*EVERY_MINUTE, *LESS_OFTEN):
            import_string(task)()
        self.work()

    # -- e-mails and posts -------------------------------------------------------------------

    def take_emails(self) -> Counter[tuple[str, str]]:
        """Who got which e-mail, by its subject, since the last time."""
        names = {person.email: person.name for person in User.objects.all()}
        fresh = mail.outbox[self.seen_mails :]
        self.seen_mails = len(mail.outbox)
        self.texts = {(names[one.to[0]], str(one.subject)): str(one.body) for one in fresh}
        return Counter((names[one.to[0]], str(one.subject)) for one in fresh)

    def take_posts(self) -> Counter[tuple[str, str]]:
        """In which channel, or to whom directly, Lens wrote what since the last time: the first
        line, without times."""
        guild = self.guild
        names = self._names()
        rooms = {pk: channel["name"] for pk, channel in guild["channels"].items()}
        rooms |= {pk: names.get(dm["recipient_id"], "?") for pk, dm in guild["dms"].items()}
        found: Counter[tuple[str, str]] = Counter()
        for room, messages in guild["messages"].items():
            for pk, message in messages.items():
                if pk not in self.seen_posts and message["author_id"] == guild["bot_id"]:
                    self.seen_posts.add(pk)
                    found[rooms.get(room, "?"), _first_line(message["content"], names)] += 1
        return found

    # -- what exists -------------------------------------------------------------------------

    @property
    def guild(self) -> dict[str, Any]:
        return self.sandbox.get("state")["discord"]

    def _names(self) -> dict[str, str]:
        people = User.objects.filter(discord_id__isnull=False)
        return {str(person.discord_id): person.name for person in people}

    def read_rights(self) -> Rights:
        """What each person may do, by (person, channel): "read", "write" or "lead"; channels of
        which they see nothing are left out."""
        guild, names = self.guild, self._names()
        rooms: dict[str, dict[str, str]] = defaultdict(dict)
        for pk, channel in guild["channels"].items():
            name = channel["name"]
            kind = {0: "text", 2: "voice"}.get(channel["type"])
            if kind and channel["parent_id"]:
                rooms[name.removesuffix(VOICE_OF).lower()][kind] = pk
        rights: Rights = {}
        for member, channels in who_may_what(guild).items():
            if member not in names:
                continue
            for room, kinds in rooms.items():
                bits = {kind: set(channels[pk]) for kind, pk in kinds.items()}
                if level := _level(bits):
                    rights[names[member], room] = level
        return rights

    def read_existing(self) -> dict[str, Existing]:
        """What exists of each group, by its name, and of each cohort."""
        guild = self.guild
        channels = [channel["name"] for channel in guild["channels"].values()]
        roles = [role["name"] for role in guild["roles"].values()]
        dates, events = self._dates(), self._events(guild)
        found = {}
        for group in Group.objects.select_related("cohort__course"):
            cohort = group.cohort
            parts = {
                "role": roles.count(f"{group.name} ({cohort.name})"),
                "text": channels.count(group.name.lower()),
                "voice": channels.count(f"{group.name}{VOICE_OF}"),
            }
            shared = {
                "channel": channels.count(cohort.name.lower()),
                "category": channels.count(f"{cohort.course} - {cohort.name}"),
            }
            found[group.name] = Existing(
                _sum_up(parts), _name_days(dates[group.pk]), _name_days(events[group.name])
            )
            found[cohort.name] = Existing(_sum_up(shared))
        return found

    def _dates(self) -> dict[int, list[datetime]]:
        """The starts of all meetings in the calendar, by group."""
        listed = self.calendar.ask("events?singleEvents=true&maxResults=2500")["items"]
        found: dict[int, list[datetime]] = defaultdict(list)
        for event in listed:
            if event["status"] == "confirmed":
                group = int(event["extendedProperties"]["private"]["lens_group_id"])
                found[group].append(datetime.fromisoformat(event["start"]["dateTime"]))
        return found

    def _events(self, guild: dict[str, Any]) -> dict[str, list[datetime]]:
        """The starts of the events in Discord, by the group's name."""
        found: dict[str, list[datetime]] = defaultdict(list)
        for event in guild["events"].values():
            group = event["name"].partition(" - Week ")[0]
            found[group].append(datetime.fromisoformat(event["start"]))
        return found

    def issues(self) -> dict[str, str]:
        """What any page would say is wrong, by group; of the services by their name."""
        rows = GroupSync.objects.exclude(issue="").values_list("group__name", "issue")
        states = ProviderState.objects.exclude(issue="").values_list("provider", "issue")
        return {name: find_issue(code).sentence for name, code in (*rows, *states)}


def _level(bits: dict[str, set[str]]) -> str:
    """What text and voice together allow; a cohort's channel has no voice."""
    text, voice = bits.get("text", set()), bits.get("voice")
    if "VIEW_CHANNEL" not in text:
        return "voice alone" if voice and "VIEW_CHANNEL" in voice else ""
    level = "lead" if "MANAGE_MESSAGES" in text else "read"
    level = "write" if level == "read" and "SEND_MESSAGES" in text else level
    if voice is not None and ("CONNECT" in voice) != (level != "read"):
        return f"{level}, but not in the voice channel"
    return level


def _sum_up(parts: dict[str, int]) -> str:
    """ "channels" if each exists once, "nothing" if none does, otherwise what there is."""
    if set(parts.values()) == {1}:
        return "channels"
    left = [f"{name} {number}" for name, number in parts.items() if number]
    return ", ".join(left) or "nothing"


def _name_days(starts: list[datetime]) -> str:
    return ", ".join(f"{start.day} {start:%b}" for start in sorted(starts))


def _first_line(text: str, names: dict[str, str]) -> str:
    line = text.splitlines()[0].replace("**", "").replace("\\", "")
    line = MENTION.sub(lambda found: names.get(found[1], "?"), line)
    return TIME_OR_CHANNEL.sub("", line).strip()
