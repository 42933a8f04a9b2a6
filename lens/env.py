"""Typed environment variables. An invalid value ends in a sentence, not in a traceback."""

import json
import math
import re
from collections.abc import Callable, Mapping
from email.utils import parseaddr
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

import environ
from django.core.exceptions import ImproperlyConfigured, ValidationError
from django.core.validators import validate_email
from sentry_sdk.utils import BadDsn, Dsn

from cohorts.validators import LOCAL_HOSTS, is_local

Value = TypeVar("Value")
WORDS = {"1": True, "true": True, "yes": True, "on": True}
WORDS |= {"0": False, "false": False, "no": False, "off": False}

MOST = 1_000_000_000  # a larger value, such as seconds, is a mistake, and would overflow dates
SNOWFLAKE_DIGITS = range(15, 21)
# Former names, which still work in the release that renames them.
FORMER = {
    "SYNC_RUN_SECONDS": "SYNC_SLICE_SECONDS",
    "SYNC_READ_SECONDS": "SYNC_LOOK_SECONDS",
    "SYNC_POLL_SECONDS": "SYNC_LISTEN_SECONDS",
}
COPY_SERVER_ID = (
    "In Discord, turn on Developer Mode, right-click the server and choose Copy Server ID."
)


class Env:
    """The environment's variables. NAME_FILE instead of NAME names a file that contains the value.

    An empty variable counts as not set. An invalid value raises ImproperlyConfigured; the message
    does not repeat a value that may contain a password.
    """

    def __init__(self, given: Mapping[str, str]) -> None:
        self.given = given

    def text(self, name: str, default: str = "") -> str:
        file = self.given.get(f"{name}_FILE", "")
        read = _read(f"{name}_FILE", file) if file else self.given.get(name, "")
        if not read.strip() and name in FORMER:
            return self.text(FORMER[name], default)
        return read.strip() or default

    def names(self, name: str, default: list[str]) -> list[str]:
        items = [item.strip() for item in self.text(name).split(",")]
        return [item for item in items if item] or default

    def flag(self, name: str, default: bool) -> bool:
        return self._parse(name, lambda text: WORDS[text.lower()], default, "1 or 0")

    def whole(self, name: str, default: int, least: int = 0, most: int = MOST) -> int:
        def parse(text: str) -> int:
            if not least <= int(text) <= most:
                raise ValueError
            return int(text)

        return self._parse(name, parse, default, f"a whole number from {least} to {most}")

    def number(self, name: str, default: float) -> float:
        """Return a number above 0."""

        def parse(text: str) -> float:
            number = float(text)
            if not (math.isfinite(number) and 0 < number <= MOST):
                raise ValueError
            return number

        return self._parse(name, parse, default, f"a number above 0, {MOST} at most")

    def rate(self, name: str, default: str) -> str | None:
        """Return a rate per second, minute, hour or day, such as 10/m, or None for "off"."""

        def parse(text: str) -> str:
            if not re.fullmatch(r"off|[1-9][0-9]{0,5}/[smhd]", text):
                raise ValueError
            return text

        read = self._parse(name, parse, default, "such as 10/m (s, m, h or d), or off")
        return None if read == "off" else read

    def choice(self, name: str, choices: tuple[str, ...], default: str) -> str:
        allowed = {choice: choice for choice in choices}
        return self._parse(name, allowed.__getitem__, default, " or ".join(choices))

    def database(self, name: str, default: str) -> dict[str, Any]:
        try:
            read = environ.Env.db_url_config(self.text(name, default))
        except ValueError:  # a port that is no number
            read = {}
        if "." not in read.get("ENGINE", ""):
            raise ImproperlyConfigured(
                f"{name} must begin with postgres:// or sqlite:///, such as "
                "postgres://user:password@host:5432/name, with a number as the port."
            )
        return dict(read)

    def email(self, name: str, default: str) -> dict[str, Any]:
        try:
            read = dict(environ.Env.email_url_config(self.text(name, default)))
        except (ImproperlyConfigured, ValueError):
            read = {}
        is_smtp = str(read.get("EMAIL_BACKEND")).endswith("smtp.EmailBackend")
        if not read or (is_smtp and not read["EMAIL_HOST"]):
            raise ImproperlyConfigured(
                f"{name} must be such as smtp+tls://user:password@host:587, with a number as the "
                "port, or consolemail:// to print mail."
            )
        return read

    def sender(self, name: str, default: str) -> str:
        """Return an address from which mail can be sent, with or without a name before it."""
        text = self.text(name, default)
        try:
            validate_email(parseaddr(text)[1])
        except ValidationError:
            text = ""
        if not text.isprintable() or not text:
            raise ImproperlyConfigured(
                f"{name} must be one e-mail address, such as Lens <lens@your.domain>."
            )
        return text

    def dsn(self, name: str) -> str:
        """Return the URL of a Sentry project, or ""."""
        text = self.text(name)
        try:
            return text and str(Dsn(text))
        except (BadDsn, ValueError, AttributeError):
            raise ImproperlyConfigured(
                f"{name} must be the DSN of a Sentry project, such as "
                "https://key@sentry.example.org/1."
            ) from None

    def snowflake(self, name: str, hint: str = COPY_SERVER_ID) -> int | None:
        """Return a Discord id, or None if the variable is empty. `hint` says where to find it."""
        text = self.text(name)
        if not text:
            return None
        if not text.isdecimal() or len(text) not in SNOWFLAKE_DIGITS:
            raise ImproperlyConfigured(
                f"{name} must be a Discord ID, 15 to 20 digits; it is {text!r}. {hint}"
            )
        return int(text)

    def base(self, name: str, default: str) -> str:
        """Return an http(s) URL without a slash at its end."""
        text = self.text(name, default)
        parts = urlsplit(text)
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise ImproperlyConfigured(
                f"{name} must be an address such as {default}; it is {text!r}."
            )
        return text.rstrip("/")

    def _parse(self, name: str, parse: Callable[[str], Value], default: Value, kind: str) -> Value:
        text = self.text(name)
        if not text:
            return default
        try:
            return parse(text)
        except (ValueError, KeyError):
            raise ImproperlyConfigured(f"{name} must be {kind}; it is {text!r}.") from None


def limit_waits(database: dict[str, Any], *, idle_seconds: float, lock_seconds: float) -> None:
    """Make PostgreSQL end transactions and waits that would block others forever.

    A client that is frozen or disconnected inside a transaction keeps its locks until PostgreSQL
    ends the transaction (`idle_seconds` without a statement), or TCP closes the connection. A
    statement that waits for a lock fails after `lock_seconds`, which must be longer, so that it
    outlasts a frozen holder.
    """
    options = database.setdefault("OPTIONS", {})
    options.setdefault("tcp_user_timeout", int(idle_seconds * 1000))
    limits = {
        "idle_in_transaction_session_timeout": idle_seconds,
        "lock_timeout": lock_seconds,
    }
    given = [f"-c {name}={int(seconds * 1000)}" for name, seconds in limits.items()]
    options["options"] = " ".join([*given, options.get("options", "")]).strip()


def check_debug_is_local(site_url: str, allowed_hosts: list[str]) -> None:
    """Raise ImproperlyConfigured if an installation with DEBUG can be reached from elsewhere.

    Its pages show settings, and with the sandbox anyone can sign in as anyone.
    """
    public = [host for host in allowed_hosts if host not in LOCAL_HOSTS]
    if is_local(site_url) and not public:
        return
    what = f"ALLOWED_HOSTS has {public[0]}" if public else f"SITE_URL is {site_url}"
    raise ImproperlyConfigured(
        f"DEBUG is on and {what}, which is not this machine: anyone could sign in as anyone. "
        "Leave DEBUG unset, or use 127.0.0.1 or localhost."
    )


def read_google_credentials(file: str, text: str) -> dict[str, Any] | None:
    """Return a service account's key from a file or from JSON text, or None if neither is set.

    Raises ImproperlyConfigured, never with the key's text in the message.
    """
    if file and text:
        raise ImproperlyConfigured(
            "GOOGLE_CALENDAR_CREDENTIALS_FILE and GOOGLE_CALENDAR_CREDENTIALS_JSON are both set. "
            "Keep only one."
        )
    if file:
        text = _read("GOOGLE_CALENDAR_CREDENTIALS_FILE", file)
    if not text.strip():
        return None
    try:
        key = json.loads(text)
    except ValueError:
        raise ImproperlyConfigured(
            "The Google credentials are not valid JSON. Download the service account's key again."
        ) from None
    if not isinstance(key, dict) or "client_email" not in key:
        raise ImproperlyConfigured(
            "The Google credentials are not a service account key (client_email is missing)."
        )
    return key


def _read(name: str, file: str) -> str:
    try:
        return Path(file).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ImproperlyConfigured(
            f"{name}: {file} cannot be read: {type(error).__name__}."
        ) from None
