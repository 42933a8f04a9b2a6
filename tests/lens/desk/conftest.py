"""The Today page, as its readers see it."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from html import unescape

import pytest
from django.contrib.auth.models import Permission
from django.test import Client

from cohorts.models import User
from cohorts.reconcile.workers import heartbeats
from discordsync.bot.gateway import heartbeats as bot_heartbeats
from meetings.models import Meeting

ITEM = re.compile(r'<li class="desk-need" id="([^"]+)">\s*<p class="desk-what"><strong>([^<]+)<')
SENTENCE = re.compile(r'class="desk-sentence"[^>]*>([^<]+)<')

ReadToday = Callable[..., "TodayPage"]


class TodayPage:
    def __init__(self, html: str) -> None:
        self.html = html
        # Harmless and snoozed items come after the others, inside their own parts.
        self.top = html.partition('class="desk-quiet"')[0]

    @property
    def sentence(self) -> str:
        return unescape(SENTENCE.findall(self.html)[0])

    @property
    def items(self) -> list[str]:
        """The kinds of the items that need someone, in their order."""
        return [unescape(key).partition(":")[0] for key, _ in ITEM.findall(self.top)]

    @property
    def sentences(self) -> list[str]:
        return [unescape(said) for _, said in ITEM.findall(self.top)]

    def item(self, kind: str) -> str:
        """The HTML of one item."""
        (found,) = [
            part
            for part in self.html.split('<li class="desk-need"')[1:]
            if part.startswith(f' id="{kind}:')
        ]
        return found

    def meeting(self, meeting: Meeting) -> str:
        """The HTML of one meeting of this week."""
        return self.html.split(f'<li id="m{meeting.pk}"')[1].partition("</li>")[0]

    @property
    def cohorts(self) -> list[tuple[str, str, str]]:
        """Name, status and joined of each cohort."""
        rows = self.html.partition('id="cohorts-title"')[2].split("<tr>")[2:]
        cells = [re.findall(r"<td[^>]*>(.*?)</td>", row) for row in rows]
        return [(re.findall(r">([^<]+)</a>", name)[0], *rest) for name, *rest in cells]


@dataclass(frozen=True)
class OpenedPage:
    """What a button led to."""

    url: str
    html: str


def follow(client: Client, part: str, label: str) -> OpenedPage:
    """Press the first button with this label: open its link, or post its form."""
    about = rf'aria-label="{re.escape(label)}:'
    link = re.search(rf'<a [^>]*href="([^"]+)" {about}', part)
    if link:
        url = unescape(link[1])
        answer = client.get(url)
    else:
        form = next(one for one in part.split("<form ")[1:] if re.search(about, one))
        url = unescape(re.search(r'action="([^"]+)"', form)[1])
        fields: dict[str, list[str]] = {}
        for name, value in re.findall(r'name="([^"]+)" value="([^"]*)"', form):
            fields.setdefault(name, []).append(unescape(value))
        answer = client.post(url, fields)
    assert answer.status_code in {200, 302}, (url, answer.status_code)
    return OpenedPage(url.partition("?")[0], answer.content.decode())


@pytest.fixture
def after_academy(db: None, request: pytest.FixtureRequest) -> None:
    """Put a test's academy back before other rows are created, which would be part of it."""
    if "academy" in request.fixturenames:
        request.getfixturevalue("academy")


@pytest.fixture
def olga(after_academy: None) -> User:
    return User.objects.create_superuser("olga@example.org", name="Olga", timezone="Europe/Berlin")


@pytest.fixture
def staff(olga: User) -> Client:
    client = Client()
    client.force_login(olga)
    return client


@pytest.fixture
def everything_alive(after_academy: None) -> None:
    """A worker and a bot have just been seen."""
    heartbeats.record_heartbeat("tests")
    bot_heartbeats.record_heartbeat("tests")


@pytest.fixture
def read_today(staff: Client) -> ReadToday:
    """Call it to open the page as Olga, who may do everything."""

    def read(**parameters: str) -> TodayPage:
        answer = staff.get("/admin/today/", parameters)
        assert answer.status_code == 200
        return TodayPage(answer.content.decode())

    return read


@pytest.fixture
def manager(after_academy: None) -> Client:
    """Staff with permissions of their own, which take two queries more than a superuser's."""
    person = User.objects.create_user("max@example.org", name="Max", is_staff=True)
    person.user_permissions.set(Permission.objects.all())
    client = Client()
    client.force_login(person)
    return client
