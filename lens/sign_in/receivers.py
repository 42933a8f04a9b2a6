"""Log sign-ins and failures, and record in the session when it began.

The log names people by id.  It never holds what was typed, which may be a password.
"""

import logging
import time
from typing import Any

from allauth.account.authentication import get_authentication_records
from allauth.account.internal.flows.login import record_authentication
from allauth.mfa.models import Authenticator
from allauth.mfa.signals import (
    authentication_failed,
    authenticator_added,
    authenticator_removed,
    authenticator_reset,
)
from django.contrib.auth.signals import user_logged_in, user_login_failed
from django.db import transaction
from django.dispatch import receiver
from django.http import HttpRequest

from cohorts import clock
from cohorts.models import User
from cohorts.models.people import match_address
from cohorts.reconcile.runs import totals
from lens.sign_in.sessions import SIGNED_IN_AT

log = logging.getLogger(__name__)


def describe_client(request: HttpRequest | None) -> str:
    return (request.META.get("REMOTE_ADDR") if request else None) or "an unknown address"


def describe_person(email: Any) -> str:
    address = match_address(email if isinstance(email, str) else None)
    found = User.objects.filter(email=address).values_list("pk", flat=True).first()
    return f"person {found}" if address and found else "an unknown person"


@receiver(user_logged_in)
def log_sign_in(request: HttpRequest, user: User, **_: Any) -> None:
    request.session[SIGNED_IN_AT] = time.time()
    methods = [str(one["method"]) for one in get_authentication_records(request, user)]
    how = ", ".join(methods) or "without a password"
    log.info("Signed in: person %s from %s (%s)", user.pk, describe_client(request), how)
    _count("done")


def _count(result: str) -> None:
    """Count a sign-in. After the commit: the row of the day would be locked until then."""
    found = {totals.key("sign_ins", result=result): 1.0}
    transaction.on_commit(lambda: totals.add_totals(found, clock.now()))


@receiver(user_login_failed)
def log_failure(credentials: dict[str, Any], request: HttpRequest | None = None, **_: Any) -> None:
    whose = describe_person(credentials.get("email") or credentials.get("username"))
    log.warning("Sign-in failed: wrong password for %s from %s", whose, describe_client(request))
    _count("refused")


@receiver(authentication_failed)
def log_wrong_code(request: HttpRequest, user: User, **_: Any) -> None:
    log.warning(
        "Sign-in failed: wrong code for person %s from %s", user.pk, describe_client(request)
    )
    _count("refused")


@receiver(authenticator_added)
def log_second_factor(
    request: HttpRequest, user: User, authenticator: Authenticator, **_: Any
) -> None:
    """Count a factor that was just set up as used in this session: setting it up took a code."""
    log.info("Second factor: person %s has set up %s", user.pk, authenticator.type)
    if authenticator.type == Authenticator.Type.TOTP:
        record_authentication(request, user, "mfa", type="totp", reauthenticated=True)


@receiver([authenticator_removed, authenticator_reset])
def log_changed_factor(user: User, authenticator: Authenticator, **_: Any) -> None:
    log.info("Second factor: person %s has removed or replaced %s", user.pk, authenticator.type)
