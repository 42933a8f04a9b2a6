"""The button “Join the server”: Discord asks the person, and Lens adds them with that consent.

    the button            a POST, by someone who is signed in and whose account is known
    Discord's page        asks for the scopes identify and guilds.join
    the callback          the token's user must be the person's account; then one call adds them

The token is used in the callback only: it is neither stored nor logged.  No roles are sent, since
the reconciler grants them.
"""

import logging
from enum import StrEnum
from typing import Any

import requests
from allauth.socialaccount.adapter import get_adapter
from allauth.socialaccount.providers.base.constants import AuthProcess
from django.conf import settings
from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST

from cohorts.models import Membership, User
from cohorts.signals import announce
from discordsync.set_up import may_join_here
from guestvisits.views.signed_in import SignedInRequest, signed_in
from lens.sign_in.discord import DiscordAccountProvider
from lens.sign_in.pages import SignInFailure
from lens.sign_in.profile import read_profile

log = logging.getLogger(__name__)

JOINING = "join"
SECONDS = 10


class Joined(StrEnum):
    """What came of it: the sentence for the person."""

    ADDED = "You have joined the server. Your group's channels follow within about a minute."
    PENDING = "You have joined the server. Accept its rules in Discord to see your channels."
    INSIDE = "You are in the server already."
    OTHER_ACCOUNT = (
        "You confirmed with another Discord account than the one we know. Switch accounts in "
        "Discord and try again."
    )
    NOT_ALLOWED = "We cannot add you to the server at the moment. Use the invitation link instead."
    BANNED = "You are banned from the server. Contact the people who run your course."
    TOO_MANY = "Your Discord account is in too many servers. Leave one in Discord and try again."
    NOT_CONFIRMED = "Discord did not confirm that you want to join. Try again."
    UNREACHABLE = "Discord is not responding. Try again in a minute."

    @property
    def is_inside(self) -> bool:
        return self in {Joined.ADDED, Joined.PENDING, Joined.INSIDE}


# Discord's codes: missing permissions or access, two-factor; banned; 100 servers; invalid token.
REFUSALS = {
    50001: Joined.NOT_ALLOWED,
    50013: Joined.NOT_ALLOWED,
    60003: Joined.NOT_ALLOWED,
    40007: Joined.BANNED,
    30001: Joined.TOO_MANY,
    50025: Joined.NOT_CONFIRMED,
}


@signed_in
@require_POST
def start_join(request: SignedInRequest) -> HttpResponse:
    """Redirect to Discord, which asks whether Lens may add the person to the server."""
    if not may_join_here(request.user):
        raise Http404("Joining the server with a button is not set up.")
    provider = get_adapter().get_provider(request, DiscordAccountProvider.id)
    answer: HttpResponse = provider.redirect(
        request,
        AuthProcess.CONNECT,
        data=JOINING,
        scope=["identify", "guilds.join"],
        auth_params={"prompt": "consent"},
    )
    return answer


def finish_join(request: HttpRequest, told: Any, token: str) -> HttpResponse:
    """Add the person with the token that Discord gave for this, and say what came of it."""
    if not isinstance(request.user, User):  # signed out meanwhile
        return redirect("login")
    person = request.user
    is_theirs = read_profile(told).discord_id == person.discord_id
    outcome = _add(person.discord_id, token) if is_theirs else Joined.OTHER_ACCOUNT
    log.info("Person %s used the button to join the server: %s", person.pk, outcome.name)
    if outcome.is_inside:
        _announce(person)
        messages.success(request, outcome)
    else:
        messages.error(request, outcome)
    return redirect("set-up")


def refuse_join(request: HttpRequest, why: SignInFailure) -> HttpResponse:
    """Say where the button is that Discord gave no consent."""
    told = {
        SignInFailure.UNREACHABLE: Joined.UNREACHABLE,
        SignInFailure.MISCONFIGURED: Joined.NOT_ALLOWED,
    }
    messages.error(request, told.get(why, Joined.NOT_CONFIRMED))
    return redirect("set-up")


def _add(discord_id: int | None, token: str) -> Joined:
    """Make the one call that adds the account to the server."""
    url = f"{settings.DISCORD_API_BASE}/guilds/{settings.DISCORD_GUILD_ID}/members/{discord_id}"
    try:
        with get_adapter().get_requests_session() as session:
            session.hooks["response"].clear()  # those are for the sign-in, and want a 200
            answer = session.put(
                url,
                json={"access_token": token},
                headers={"Authorization": f"Bot {settings.DISCORD_BOT_TOKEN}"},
                timeout=SECONDS,
            )
        return _read(answer)
    except requests.RequestException as error:
        log.warning("Adding a person to the server failed: %s", type(error).__name__)
        return Joined.UNREACHABLE


def _read(answer: requests.Response) -> Joined:
    """Return the outcome: 201 for a new member, 204 for one who was inside already."""
    if answer.status_code == 204:
        return Joined.INSIDE
    if answer.status_code >= 500 or answer.status_code == 429:
        return Joined.UNREACHABLE
    try:
        said = answer.json()
        if answer.status_code == 201:
            return Joined.PENDING if said.get("pending") else Joined.ADDED
        code = int(said.get("code", 0))
    except (ValueError, AttributeError, TypeError):
        code = 0
    if answer.status_code == 201:
        return Joined.ADDED
    outcome = REFUSALS.get(code, Joined.NOT_ALLOWED)
    if outcome is Joined.NOT_ALLOWED:
        log.warning("Discord refused to add a person: %s (%s)", answer.status_code, code)
    return outcome


@transaction.atomic
def _announce(person: User) -> None:
    """Have the person's groups compared, so that access follows without waiting for the bot."""
    active = Membership.objects.filter(user=person, status=Membership.Status.ACTIVE)
    announce(active.values_list("group", flat=True))
