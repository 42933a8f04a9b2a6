"""Pages for each way in which sign-in with Discord can fail: what happened and what to do."""

import logging
from enum import StrEnum

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render


class SignInFailure(StrEnum):
    """Why sign-in failed. The first five are outcomes of cohorts.services.account_matching."""

    UNKNOWN = "unknown"
    UNVERIFIED = "unverified"
    CLOSED = "closed"
    AMBIGUOUS = "ambiguous"
    OTHER_ACCOUNT = "other_account"
    EXPIRED = "expired"
    CANCELLED = "cancelled"
    REFUSED = "refused"
    UNREACHABLE = "unreachable"
    MISCONFIGURED = "misconfigured"


LEVELS = {  # at which they are logged; the others as INFO
    SignInFailure.MISCONFIGURED: logging.ERROR,
    SignInFailure.UNREACHABLE: logging.WARNING,
    SignInFailure.REFUSED: logging.WARNING,
}

# The heading, what happened, what to do.
TEXTS: dict[SignInFailure, tuple[str, str, str]] = {
    SignInFailure.UNKNOWN: (
        "No account found",
        "No one in our courses has your Discord account or its e-mail address. We did not create "
        "an account or store your data.",
        "If you signed up with another address, change the address of your Discord account to "
        "that one and try again. Or send your Discord name to the people who run your course.",
    ),
    SignInFailure.UNVERIFIED: (
        "Verify your e-mail address on Discord",
        "No one in our courses has your Discord account, and Discord has not verified an e-mail "
        "address that we can check. Addresses with letters other than A to Z cannot be matched.",
        "In Discord, open User Settings, then My Account, and verify your address. Then try again.",
    ),
    SignInFailure.CLOSED: (
        "Your account is closed",
        "You have an account, but it was closed.",
        "If this is a mistake, contact the people who run your course.",
    ),
    SignInFailure.AMBIGUOUS: (
        "Several people have your address",
        "Several people have your e-mail address, so we cannot tell which account is yours. "
        "Staff have been notified.",
        "Try again after they have corrected it.",
    ),
    SignInFailure.OTHER_ACCOUNT: (
        "Another Discord account is linked",
        "The account with your e-mail address is linked to another Discord account. Staff have "
        "been notified.",
        "Sign in with that Discord account, or wait until staff have linked this one.",
    ),
    SignInFailure.EXPIRED: (
        "This sign-in has expired",
        "A sign-in with Discord works once, within 10 minutes, in the browser where you started "
        "it.",
        "Try again, and allow cookies.",
    ),
    SignInFailure.CANCELLED: (
        "You cancelled on Discord",
        "Discord did not share any data with us, and nothing has changed.",
        "You can try again, or sign in with a password.",
    ),
    SignInFailure.REFUSED: (
        "Discord did not confirm your identity",
        "Something went wrong while signing in with Discord.",
        "Try again. If that does not help, sign in with a password.",
    ),
    SignInFailure.UNREACHABLE: (
        "Discord is not responding",
        "Discord may be unavailable for a moment.",
        "Try again in a minute, or sign in with a password.",
    ),
    SignInFailure.MISCONFIGURED: (
        "Sign-in with Discord is unavailable",
        "Discord rejected our request. The operator has been notified.",
        "Sign in with a password until this is fixed.",
    ),
}


def show_refusal(request: HttpRequest, why: SignInFailure) -> HttpResponse:
    heading, happened, remedy = TEXTS[why]
    context = {
        "heading": heading,
        "happened": happened,
        "remedy": remedy,
        "invite_url": settings.DISCORD_INVITE_URL if why is SignInFailure.UNKNOWN else "",
        "offers_discord": bool(settings.DISCORD_CLIENT_ID),
    }
    # Always a 403: a 5xx would raise an alarm for each person while Discord is down, which the log
    # already reports.
    return render(request, "registration/discord_refusal.html", context, status=403)
