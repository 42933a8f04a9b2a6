"""Attendance over a recorded evening: the real bot on the websocket, and every kind of person.

Group A meets from 18:00 to 19:00.  The clock of the sandbox is moved from event to event; each time
the bot is waited for until it has heard that hour.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.utils.html import strip_tags

from cohorts.models import Group, Installation, Membership, User
from discordsync.models import DiscordObject, VoiceCoverage, VoiceSession
from meetings.models import Attendance
from tests.discordsync.bot.running import SOON, RunningBot
from tests.guestvisits.effects.world import World
from tests.lens.sandbox.cohort import GUILD, Service
from tests.support.academy import Academy
from tests.support.processes import wait_until

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("only_discord")]

MONDAY = datetime(2027, 3, 1, 18, tzinfo=UTC)
THURSDAY = (MONDAY + timedelta(days=3)).replace(hour=0)
VOICE = 2


@dataclass
class Evening:
    world: World
    log: Path
    bot: RunningBot
    lounge: str = ""

    def start_bot(self) -> None:
        self.bot = RunningBot(self.log, self.world.sandbox, VOICE_LOOK_SECONDS="0.2")

    def channel(self, group: str) -> str:
        record = DiscordObject.objects.get(
            group=self.world.group(group), kind=DiscordObject.Kind.VOICE_CHANNEL
        )
        return str(record.outside_id)

    def at(self, clock: str, *, heard: bool = True) -> datetime:
        """It is this hour; with a bot that runs, it has heard so."""
        hour, minute = (int(part) for part in clock.split(":"))
        moment = THURSDAY + timedelta(hours=hour, minutes=minute)
        self.world.move_clock(moment)
        if heard:
            watches = VoiceCoverage.objects.filter(covered_until__gte=moment)
            mine = watches.filter(channel_id=self.channel("A"))
            wait_until(mine.exists, SOON, f"the bot did not hear {clock}\n{self.bot.said()}")
        return moment

    def go(self, name: str, channel: str | None) -> None:
        """Someone enters a channel, or leaves; what concerns us has been written down."""
        account = self.world.person(name).discord_id
        self.world.sandbox.post("voice", {"user": str(account), "channel_id": channel})
        stays = VoiceSession.objects.filter(discord_id=account, until__isnull=True)
        ours = channel in {self.channel("A"), self.channel("B")}
        there = stays.filter(coverage__channel_id=channel) if ours else stays
        wait_until(lambda: there.exists() == ours, SOON, f"{name} was not heard\n{self.bot.said()}")

    def wait_for_another_ear(self, than: VoiceCoverage) -> None:
        others = VoiceCoverage.objects.filter(channel_id=than.channel_id, pk__gt=than.pk)
        wait_until(others.exists, SOON, f"the bot listens no more\n{self.bot.said()}")

    def newest_watch(self) -> VoiceCoverage:
        return VoiceCoverage.objects.filter(channel_id=self.channel("A")).latest("pk")

    def presence(self) -> dict[str, str]:
        rows = Attendance.objects.filter(meeting=self.world.meeting("A")).select_related("user")
        return {row.user.name: row.presence for row in rows}

    def seen_since(self, name: str) -> str:
        row = Attendance.objects.get(meeting=self.world.meeting("A"), user__name=name)
        return f"{row.checked_in_at:%H:%M}"


@pytest.fixture
def evening(
    sandbox: Any,
    set_clock: Any,
    tmp_path: Path,
) -> Iterator[Evening]:
    """It is Thursday, 17:40; groups A and B are set up, and the bot listens."""
    Installation.objects.ensure(MONDAY)
    set_clock(MONDAY)
    sandbox.set_clock(MONDAY)
    world = World(sandbox, set_clock, Academy(MONDAY, groups="AB", meetings=2))
    Group.objects.update(status=Group.Status.PREVIEW, set_up_at=None)
    for name in (
        "Punctual",
        "Late",
        "Returns",
        "Short",
        "Lounge",
        "Missing",
        "Leaves",
        "Next door",
    ):
        world.add(name, "A")
    world.add("Nameless", "A", discord_id=None)
    world.add("Guest", "B")
    Membership.objects.create(
        user=world.person("Next door"),
        group=world.group("B"),
        role=Membership.Role.FACILITATOR,
    )
    Membership.objects.update(joined_at=MONDAY)  # and not at the hour of the test's own machine
    world.realize()
    assert world.troubles() == []
    world.book("Guest", "A")
    world.work()
    lounge = Service(sandbox).discord(
        "POST", f"{GUILD}/channels", {"name": "Lounge", "type": VOICE}
    )
    log = tmp_path / "bot.log"
    bot = RunningBot(log, sandbox, VOICE_LOOK_SECONDS="0.2")
    evening = Evening(world, log, bot, lounge["id"])
    try:
        evening.at("17:40")
        yield evening
    finally:
        evening.bot.kill()


@pytest.mark.matrix
def test_an_evening_with_a_restart_and_a_broken_connection(evening):
    world, a = evening.world, evening.channel("A")
    evening.at("17:58")
    evening.go("Punctual", a)
    evening.at("18:00")
    evening.go("Guest", a)
    evening.go("Leaves", a)
    evening.go("Lounge", evening.lounge)
    evening.go("Next door", evening.channel("B"))
    evening.at("18:05")
    evening.go("Returns", a)
    evening.at("18:08")
    evening.go("Returns", None)
    evening.go("Short", a)
    evening.at("18:12")
    evening.go("Short", None)
    world.minute()  # a sweep while the meeting runs: no one is missing yet
    assert evening.presence() == {"Guest": "present", "Leaves": "present", "Punctual": "present"}

    evening.at("18:20")
    before = evening.newest_watch()
    evening.bot.kill()
    world.sandbox.post(
        "voice", {"user": str(world.person("Leaves").discord_id), "channel_id": None}
    )
    evening.at("18:22", heard=False)
    evening.start_bot()
    evening.wait_for_another_ear(before)

    broke_at = evening.at("18:30")
    before = evening.newest_watch()
    world.sandbox.post("gateway", {"do": "drop", "code": 4000})
    evening.wait_for_another_ear(before)
    before.refresh_from_db()
    assert before.covered_until < broke_at  # a wire may be dead before anyone notices
    evening.at("18:40")
    evening.go("Late", a)
    evening.go("Returns", a)
    evening.at("19:01")
    world.minute()

    assert evening.presence() == {
        "Guest": "present",
        "Late": "present",
        "Leaves": "present",
        "Lounge": "absent",
        "Missing": "absent",
        "Next door": "absent",
        "Punctual": "present",
        "Returns": "present",
    }  # of Short four minutes were seen, and four in which no one listened could hide one more
    assert [evening.seen_since(name) for name in ("Punctual", "Late", "Returns")] == [
        "17:58",
        "18:40",
        "18:05",
    ]
    leaves = VoiceSession.objects.get(discord_id=world.person("Leaves").discord_id)
    assert f"{leaves.until:%H:%M}" == "18:20"  # the last moment at which it was known to last
    channels = set(VoiceSession.objects.values_list("coverage__channel_id", flat=True))
    assert channels == {int(a), int(evening.channel("B"))}

    evening_again = Attendance.objects.values_list("pk", "checked_in_at", "not_seen")
    written = set(evening_again)
    world.minute()
    assert set(evening_again) == written

    page = read_page(world)
    assert "Missing was not there" in page
    assert "Nameless not known" in page
    assert "Guest guest from Group B was there since 18:00" in page
    assert "4 there, 3 not there, 2 not known, 1 guest there" in page
    assert evening.bot.end() == 0


def read_page(world: World) -> str:
    client = Client()
    client.force_login(User.objects.create_superuser("olga@example.org", name="Olga"))
    page = client.get(f"/groups/{world.group('A').pk}/").content.decode()
    page = re.sub(r"<details.*?</details>", "", page, flags=re.S)
    return re.sub(r"\s+", " ", strip_tags(page))


@pytest.mark.matrix
def test_a_bot_that_starts_in_the_middle_sees_who_is_there_and_judges_no_one_else(evening):
    world, a = evening.world, evening.channel("A")
    before = evening.newest_watch()
    evening.bot.end()
    evening.at("18:00", heard=False)
    world.sandbox.post("voice", {"user": str(world.person("Late").discord_id), "channel_id": a})
    evening.at("18:30", heard=False)
    evening.start_bot()
    evening.wait_for_another_ear(before)
    evening.at("19:01")
    world.minute()
    assert evening.presence() == {"Guest": "unknown", "Late": "present"}
    assert evening.seen_since("Late") == "18:30"
