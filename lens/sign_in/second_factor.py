"""Second factors: how their secrets are stored, and whether a session has used one."""

from __future__ import annotations

import base64
import logging
import secrets

from allauth.account.authentication import get_authentication_records
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator
from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest

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
    """Whether the person is staff, or a superuser without the staff flag."""
    return bool(getattr(user, "is_staff", False) or getattr(user, "is_superuser", False))


def has_second_factor(user: User) -> bool:
    """Whether the person has an authenticator app.  Recovery codes alone do not count."""
    return Authenticator.objects.filter(user=user, type=Authenticator.Type.TOTP).exists()


def is_proved(request: HttpRequest, user: User) -> bool:
    """Whether a second factor was used in this session."""
    records = get_authentication_records(request, user)
    return any(record.get("method") == "mfa" for record in records)
