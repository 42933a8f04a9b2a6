"""Remove secrets and personal data from text that leaves the processes: logs and reports to Sentry.

What is removed, whatever text it is in:

    the token of a calendar feed                        /calendar/….ics
    the token of a letter's way out of e-mails          /unsubscribe/…/
    a person and a token for a new password             /password/…/…/
    tokens of Discord's webhooks and interactions       /webhooks/1/…, /interactions/1/…
    everything behind the ? of an address               ?…
    codes, states, tokens and secrets in a form         code=…
    credentials in a header, or in a database's URL     Bearer …, ://…@
    e-mail addresses                                    …@…
    the values of a row that PostgreSQL refused         DETAIL:  …

No Django here: gunicorn uses this module before there are settings.
"""

from __future__ import annotations

import logging
import re
from typing import Any

PATTERNS = [
    (re.compile(pattern, flags), kept)
    for pattern, kept, flags in [
        # It may span lines, as values do.  It ends where PostgreSQL or Python go on.
        (r"(DETAIL:\s+).+?(?=\n(?:CONTEXT|HINT|LINE|QUERY|STATEMENT):|\n\n|\Z)", r"\1…", re.DOTALL),
        (r"(/calendar/)[^/\s]+?(\.ics)", r"\1…\2", 0),
        (r"(/unsubscribe/)[^/\s\"']+", r"\1…", 0),
        (r"(/password/)(?!sent\b|changed\b)[^/\s\"']+/[^/\s\"']+", r"\1…/…", 0),
        (r"(/(?:webhooks|interactions)/\d+/)[^/\s?\"']+", r"\1…", 0),
        (r"(\w://)[^\s/@\"']+@", r"\1…@", 0),
        (r"(?<=\S)\?(?=[\w%&=\[])[^\s\"'<>]+", "?…", 0),
        (
            r"\b((?:code|state|token|(?:access|refresh|id)_token|(?:client_)?secret|password\d?)=)"
            r"[^\s&\"',;)]+",
            r"\1…",
            re.IGNORECASE,
        ),
        (r"\b(Bearer|Bot|Basic) +[\w.~+/=-]{16,}", r"\1 …", 0),
        # Not longer than a name may be: each place in a long text is a possible beginning.
        (
            r"[^\s<>\"'`(){}\[\],;:=/|\\?&…]{1,64}(?:@|%40)[^\s<>\"'`(){}\[\],;:=/|\\?&@…]+",
            "…@…",
            0,
        ),
    ]
]
# `params` are the arguments of a log line, which its text has too, or of a query.
UNWANTED = frozenset({"query_string", "http.query", "http.fragment", "cookies", "params"})


def scrub(text: str) -> str:
    """Return the text without secrets and personal data."""
    for pattern, kept in PATTERNS:
        text = pattern.sub(kept, text)
    return text


def scrub_all(value: Any) -> Any:
    """Return plain data with every text in it scrubbed, keys too, and unwanted keys left out."""
    if isinstance(value, str):
        return scrub(value)
    if isinstance(value, dict):
        return {
            scrub_all(key): scrub_all(each) for key, each in value.items() if key not in UNWANTED
        }
    if isinstance(value, list | tuple):
        return [scrub_all(each) for each in value]
    return value


class ScrubbingFormatter(logging.Formatter):
    """Scrubs a whole entry: the message with its arguments, and the traceback."""

    def format(self, record: logging.LogRecord) -> str:
        return scrub(super().format(record))


class OneLine(logging.Filter):
    """A warning without a traceback, for what anyone can cause from outside."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.exc_info = record.exc_text = None
        record.levelno, record.levelname = logging.WARNING, "WARNING"
        return True
