"""One group with a voice channel, its people, and a bot that observes when it is asked to."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest

from cohorts.models import Membership, User
from discordsync.attendance.detection import detect_presence
from discordsync.attendance.voice_recording import record_voice_states
from discordsync.models import DiscordObject, VoiceSession
from meetings.models import Attendance, Meeting
from tests.support.academy import Academy

NOW = datetime(2027, 3, 1, 18, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
FIRST_ACCOUNT = 200000000000000000
FIRST_CHANNEL = 300000000000000000
ELSEWHERE = 399999999999999999


@dataclass
class Evening:
    """Group A meets; group B has a channel too.  Minutes count from the meeting's start."""

    academy: Academy
    ear: str = "first"
    places: dict[str, int] = field(default_factory=dict)

    @property
    def meeting(self) -> Meeting:
        return self.academy.meeting("A")

    def channel(self, group: str) -> int:
        return FIRST_CHANNEL + self.academy.groups[group].pk

    def at(self, minute: float) -> datetime:
        return self.meeting.starts_at + minute * MINUTE

    def add(self, *names: str, group: str = "A", account: bool = True) -> None:
        for name in names:
            person = self.academy.add_member(name, group)
            if account:
                User.objects.filter(pk=person.pk).update(discord_id=FIRST_ACCOUNT + person.pk)
        Membership.objects.update(joined_at=NOW)

    def account(self, name: str) -> int:
        account = User.objects.get(name=name).discord_id
        assert account
        return account

    def look(self, minute: float, *, channels: Iterable[str] = "AB") -> None:
        """The bot looks: it sees these groups' channels, and another that is not ours."""
        here: dict[int, set[int]] = {self.channel(group): set() for group in channels}
        here[ELSEWHERE] = set()
        for name, channel in self.places.items():
            if channel in here:
                here[channel].add(self.account(name))
        record_voice_states(self.ear, here, now=self.at(minute))

    def go(self, name: str, group: str | None, minute: float) -> None:
        """Someone goes into a group's channel, or out (None), and the bot is notified."""
        self.places.pop(name, None)
        if group:
            self.places[name] = self.channel(group)
        self.look(minute)

    def note(self, minute: float = 60) -> int:
        return detect_presence(NOW, self.at(minute))

    def presence(self) -> dict[str, str]:
        rows = Attendance.objects.filter(meeting=self.meeting).select_related("user")
        return {row.user.name: row.presence for row in rows.order_by("user__name")}

    def stays(self, name: str) -> list[tuple[float, float | None]]:
        """In minutes from the meeting's start; None as the end of one that is open."""

        def minute(moment: datetime | None) -> float | None:
            return moment and (moment - self.meeting.starts_at) / MINUTE

        rows = VoiceSession.objects.filter(discord_id=self.account(name)).order_by("pk")
        return [(minute(row.since) or 0, minute(row.until)) for row in rows]


@pytest.fixture
def evening(db: None, without_providers: None) -> Evening:
    evening = Evening(Academy(NOW))
    for name in "AB":
        group = evening.academy.groups[name]
        DiscordObject.objects.create(
            key=f"voice_channel:{group.pk}",
            kind=DiscordObject.Kind.VOICE_CHANNEL,
            cohort=group.cohort,
            group=group,
            outside_id=evening.channel(name),
        )
    return evening
