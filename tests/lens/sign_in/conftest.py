"""Signing in with Discord, over HTTP against the sandbox.

`walk` goes the way of a browser: our button, Discord's page, and back.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
import requests
from django.http import HttpResponse
from django.test import Client

from cohorts.models import User
from tests.support.running_sandbox import RunningSandbox

ADA = 200000000000000001


@dataclass
class Walk:
    """One browser.  `last` is the answer of Lens to what came back from Discord."""

    sandbox: RunningSandbox
    client: Client = field(default_factory=Client)

    def begin(self, **form: str) -> str:
        """Press the button; Discord's address."""
        answer = self.client.post("/sign-in/discord/", form)
        assert answer.status_code == 302, answer.content.decode()
        address: str = answer.headers["Location"]
        assert address.startswith(f"{self.sandbox.url}/oauth2/authorize?")
        return address

    def choose(self, address: str, user: int, decision: str = "allow") -> str:
        """Say at Discord who one is; the address that one is sent back to, of this site."""
        asked = dict(parse_qsl(urlsplit(address).query))
        answer = requests.post(
            f"{self.sandbox.url}/oauth2/authorize",
            data={**asked, "user_id": str(user), "decision": decision},
            allow_redirects=False,
            timeout=10,
        )
        assert answer.status_code == 302, answer.text
        back = urlsplit(answer.headers["Location"])
        return f"{back.path}?{back.query}"

    def come_back(self, address: str) -> HttpResponse:
        return self.client.get(address)

    def sign_in(self, user: int = ADA, decision: str = "allow", **form: str) -> HttpResponse:
        return self.come_back(self.choose(self.begin(**form), user, decision))

    @property
    def name(self) -> str:
        """The person who is signed in, "" for no one."""
        answer = self.client.get("/meetings/")
        return answer.wsgi_request.user.name if answer.status_code == 200 else ""


@pytest.fixture(autouse=True)
def _patient(settings: Any) -> None:
    settings.MFA_TOTP_TOLERANCE = 1  # a code may grow old between being read and being entered


@pytest.fixture
def walk(db: None, sandbox: RunningSandbox) -> Walk:
    return Walk(sandbox)


@pytest.fixture
def tell(sandbox: RunningSandbox) -> Any:
    """What Discord returns about an account, Ada's unless another is named."""

    def tell(**told: Any) -> None:
        sandbox.post("account", {"id": str(ADA), "username": "ada", **told})

    tell(email="ada@example.org", verified=True)
    return tell


@pytest.fixture
def ada(db: None) -> User:
    """As a roster brings her: an address, and no Discord id."""
    return User.objects.create_user("ada@example.org", None, name="Ada")


@pytest.fixture
def staff(db: None) -> Client:
    client = Client()
    client.force_login(User.objects.create_superuser("olga@example.org", None, name="Olga"))
    return client


@pytest.fixture
def now() -> datetime:
    return datetime.now(UTC).replace(second=0, microsecond=0)
