"""Staff who have a second factor, for tests with REQUIRE_STAFF_MFA on.

client = sign_in(olga)      # staff with a second factor, used in this session
secret = give_second_factor(olga)
client.post("/sign-in/code/", {"code": code_of(secret)})
"""

from __future__ import annotations

import time

from allauth.account.internal.flows.login import (
    _AUTHENTICATION_METHODS_USER_SESSION_KEY,
    AUTHENTICATION_METHODS_SESSION_KEY,
)
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal import auth
from django.test import Client

from cohorts.models import User
from lens.sign_in.second_factor import has_second_factor


def give_second_factor(user: User) -> str:
    """Set up an authenticator app and recovery codes; the app's secret."""
    secret = auth.generate_totp_secret()
    auth.TOTP.activate(user, secret)
    RecoveryCodes.activate(user)
    return secret


def code_of(secret: str) -> str:
    """What the app shows now."""
    counters = list(auth.yield_hotp_counters_from_time())
    counter = counters[len(counters) // 2]
    return auth.format_hotp_value(auth.hotp_value(secret, counter))


def sign_in(user: User, client: Client | None = None) -> Client:
    """A client in which the person is signed in; staff have used their second factor."""
    client = client or Client()
    client.force_login(user)
    if user.is_staff:
        if not has_second_factor(user):
            give_second_factor(user)
        use_second_factor(client, user)
    return client


def use_second_factor(client: Client, user: User) -> None:
    session = client.session
    session[AUTHENTICATION_METHODS_SESSION_KEY] = [{"method": "mfa", "at": time.time()}]
    session[_AUTHENTICATION_METHODS_USER_SESSION_KEY] = str(user.pk)
    session.save()
