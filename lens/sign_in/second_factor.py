"""Second factors: how their secrets are stored, and that staff must have used one.

If REQUIRE_STAFF_MFA is on, staff are redirected:

    second factor | used in this session | to
    --------------|----------------------|--------------------------------
    none          |                      | the page on which it is set up
    set up        | no                   | the page that asks for a code
    set up        | yes                  | what they asked for

Every address is closed to them until then, except those that set up and ask for the factor, and
those that depend on no session: probes, static files, addresses with a token of their own.
"""

import base64
import logging
import secrets
from typing import Any

from allauth.account.authentication import get_authentication_records
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator
from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import AnonymousUser
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.urls import reverse
from django.utils.deprecation import MiddlewareMixin
from django_htmx.http import HttpResponseClientRedirect

from cohorts.models import User

log = logging.getLogger(__name__)

INFO = b"lens: secrets of second factors"  # part of the key; a change makes all secrets unreadable


class MFAAdapter(DefaultMFAAdapter):
    """Encrypts secrets at rest, with a key derived from SECRET_KEY."""

    error_messages = DefaultMFAAdapter.error_messages | {
        "incorrect_code": "This code is not correct. Enter the current code from your app, or an "
        "unused recovery code.",
    }

    def encrypt(self, text: str) -> str:
        return _cipher().encrypt(text.encode()).decode()

    def decrypt(self, encrypted_text: str) -> str:
        """Return the secret or, if the key has changed, a new one that no code fits."""
        try:
            return _cipher().decrypt(encrypted_text).decode()
        except InvalidToken:
            log.error(
                "The secret of a second factor cannot be read because SECRET_KEY has changed. "
                "Add the old key to SECRET_KEY_FALLBACKS, or run manage.py reset_second_factor."
            )
            return base64.b32encode(secrets.token_bytes(20)).decode()


def _cipher() -> MultiFernet:
    keys = [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]
    return MultiFernet([Fernet(_derive(key)) for key in keys])


def _derive(secret_key: str) -> bytes:
    key = HKDF(algorithm=SHA256(), length=32, salt=None, info=INFO).derive(secret_key.encode())
    return base64.urlsafe_b64encode(key)


def is_privileged(user: AbstractBaseUser | AnonymousUser) -> bool:
    return isinstance(user, User) and user.is_privileged


def has_second_factor(user: User) -> bool:
    """Whether the person has an authenticator app.  Recovery codes alone do not count."""
    return Authenticator.objects.filter(user=user, type=Authenticator.Type.TOTP).exists()


def is_proved(request: HttpRequest, user: User) -> bool:
    """Whether a second factor was used in this session."""
    records = get_authentication_records(request, user)
    return any(record.get("method") == "mfa" for record in records)


OPEN = frozenset(
    {
        *("healthz", "feed", "unsubscribe"),
        *("login", "account_login", "logout", "sign-in-as", "discord_login", "discord_callback"),
        *("password_reset", "password_reset_done"),
        *("password_reset_confirm", "password_reset_complete"),
        *("mfa_authenticate", "mfa_activate_totp", "mfa_reauthenticate", "account_reauthenticate"),
    }
)
SENTENCE = "Staff need a second factor. Open /security/ in a browser and set one up or use it."


class StaffSecondFactorMiddleware(MiddlewareMixin):
    def process_view(
        self, request: HttpRequest, view: Any, args: Any, kwargs: Any
    ) -> HttpResponseBase | None:
        name = request.resolver_match.view_name if request.resolver_match else ""
        if not settings.REQUIRE_STAFF_MFA or name in OPEN:
            return None
        user = request.user
        if not user.is_authenticated or not is_privileged(user):
            return None
        has_one = has_second_factor(user)
        if has_one and is_proved(request, user):
            return None
        return _lead(request, "mfa_reauthenticate" if has_one else "mfa_activate_totp")


def _lead(request: HttpRequest, name: str) -> HttpResponse:
    if request.path_info.startswith("/api/"):
        body = {"code": "second_factor_required", "sentence": SENTENCE, "detail": SENTENCE}
        return JsonResponse(body, status=403, headers={"Cache-Control": "no-store"})
    asked = request.get_full_path() if request.method in {"GET", "HEAD"} else "/"
    answer = redirect_to_login(asked, login_url=reverse(name))
    if "HX-Request" in request.headers:  # htmx would insert a whole page into this one
        return HttpResponseClientRedirect(answer.url)
    return answer
