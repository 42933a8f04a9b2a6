"""Pages for each way in which sign-in with Discord can fail: what happened and what to do."""

from __future__ import annotations

import logging
from enum import StrEnum

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render


class Why(StrEnum):
    """Why sign-in failed. The first five are outcomes of cohorts.recognizing, by the same names."""

    STRANGER = "stranger"
    UNVERIFIED = "unverified"
    CLOSED = "closed"
    AMBIGUOUS = "ambiguous"
    OTHER_ACCOUNT = "other_account"
    EXPIRED = "expired"
    CANCELLED = "cancelled"
    REFUSED = "refused"
    UNREACHABLE = "unreachable"
    MISCONFIGURED = "misconfigured"

    @property
    def level(self) -> int:
        """The level at which it is logged."""
        return LEVELS.get(self, logging.INFO)


LEVELS = {
    Why.MISCONFIGURED: logging.ERROR,
    Why.UNREACHABLE: logging.WARNING,
    Why.REFUSED: logging.WARNING,
}

# The heading, what happened, what to do.
WORDS: dict[Why, tuple[str, str, str]] = {
    Why.STRANGER: (
        "We do not know you yet",
        "No participant or facilitator here has your Discord account or its e-mail address. "
        "No account was made, and nothing of you was kept.",
        "If you signed up with another address, change the address of your Discord account to that "
        "one and try again, or tell the people who run your course your Discord name.",
    ),
    Why.UNVERIFIED: (
        "Discord has not verified your address",
        "We found nobody by your Discord account, and Discord has not verified an e-mail address "
        "of yours by which we could look. Addresses with letters outside A to Z cannot be matched.",
        "In Discord, open User Settings, My Account, and verify your address. Then try again.",
    ),
    Why.CLOSED: (
        "Your account is closed",
        "There is an account of yours here, and it was closed.",
        "If that is a mistake, write to the people who run your course.",
    ),
    Why.AMBIGUOUS: (
        "More than one person has your address",
        "We hold your e-mail address for several people and will not guess which of them you are. "
        "The staff have been told.",
        "You can try again as soon as they have corrected it.",
    ),
    Why.OTHER_ACCOUNT: (
        "You are known by another Discord account",
        "The person with your e-mail address is tied to another Discord account. The staff have "
        "been told.",
        "Sign in with that account, or wait until the staff have tied this one.",
    ),
    Why.EXPIRED: (
        "This way in has been used, or is too old",
        "Each way through Discord can be used once, within ten minutes, in the browser in which it "
        "began.",
        "Begin again; cookies must be allowed.",
    ),
    Why.CANCELLED: (
        "You said no at Discord",
        "Nothing was told to us, and nothing has changed.",
        "You can try again, or sign in with a password.",
    ),
    Why.REFUSED: (
        "Discord did not confirm who you are",
        "Something on the way went wrong, and it is not known what.",
        "Try again. If it stays so, sign in with a password.",
    ),
    Why.UNREACHABLE: (
        "Discord does not answer",
        "It did not tell us who you are, and may be down for a moment.",
        "Try again in a minute, or sign in with a password.",
    ),
    Why.MISCONFIGURED: (
        "Signing in with Discord does not work at the moment",
        "Discord does not accept our side of it. Whoever runs this has been told.",
        "Sign in with a password until it is put right.",
    ),
}


def show_refusal(request: HttpRequest, why: Why) -> HttpResponse:
    heading, happened, remedy = WORDS[why]
    context = {
        "heading": heading,
        "happened": happened,
        "remedy": remedy,
        "invite_url": settings.DISCORD_INVITE_URL if why is Why.STRANGER else "",
        "offers_discord": bool(settings.DISCORD_CLIENT_ID),
    }
    # Always a 403: a 5xx would raise an alarm for each person while Discord is down, which the log
    # already reports.
    return render(request, "registration/discord_refusal.html", context, status=403)
