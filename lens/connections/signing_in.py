"""The connection check of signing in with Discord: the application's id, secret and redirect."""

from typing import Any

import requests
from django.conf import settings
from django.urls import reverse

from cohorts.reconcile.values import Check
from lens.connections.surroundings import SECONDS

STEP = 9
NAMED_STEP = f"docs/operations.md, “Discord”, step {STEP}"


def check_signing_in() -> Check | None:
    """Check what people need to sign in with Discord.

    Nothing is said of what cannot be read: that the bot's token is refused, or that Discord cannot
    be reached, is a line of its own.
    """
    if not settings.DISCORD_CLIENT_ID:
        return Check("Signing in", True, "With a password only: DISCORD_CLIENT_ID is not set.")
    application = _read_application()
    if application is None:
        return None
    if str(settings.DISCORD_CLIENT_ID) != application.get("id"):
        return _problem("DISCORD_CLIENT_ID is not the id of the bot's application.")
    refused = _is_secret_refused()
    if refused:
        return _problem("Discord refuses DISCORD_CLIENT_SECRET.")
    needed, listed = _callback(), application.get("redirect_uris")
    is_listed = needed in listed if isinstance(listed, list) else None
    if is_listed is False and (listed or not settings.SANDBOX):
        return _problem(f"The application does not list the redirect {needed}.")
    unknown = [
        *(["the secret"] if refused is None else []),
        *([f"the redirect {needed}"] if is_listed is None else []),
    ]
    detail = (
        f"Discord did not show {' and '.join(unknown)}: try it." if unknown else "It is set up."
    )
    return Check("Signing in", True, detail)


def _problem(detail: str) -> Check:
    return Check("Signing in", False, detail, NAMED_STEP)


def _callback() -> str:
    return f"{settings.SITE_URL}{reverse('discord_callback')}"


def _read_application() -> dict[str, Any] | None:
    """Return the application of the bot's token, or None if Discord does not tell."""
    try:
        answer = requests.get(
            f"{settings.DISCORD_API_BASE}/oauth2/applications/@me",
            headers={"Authorization": f"Bot {settings.DISCORD_BOT_TOKEN}"},
            timeout=SECONDS,
        )
        data = answer.json()
    except (requests.RequestException, ValueError):
        return None
    return data if answer.ok and isinstance(data, dict) else None


def _is_secret_refused() -> bool | None:
    """Exchange a code that does not exist: Discord checks the secret before the code.

    None: it gave another answer, so the secret was not judged.
    """
    form = {
        "grant_type": "authorization_code",
        "code": "connection-check",
        "redirect_uri": _callback(),
        "client_id": str(settings.DISCORD_CLIENT_ID),
        "client_secret": settings.DISCORD_CLIENT_SECRET,
    }
    try:
        answer = requests.post(
            f"{settings.DISCORD_API_BASE}/oauth2/token", data=form, timeout=SECONDS
        )
    except requests.RequestException:
        return None
    if "invalid_client" in answer.text:
        return True
    return False if "invalid_grant" in answer.text else None
