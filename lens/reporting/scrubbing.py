"""Remove secrets and personal data from text that leaves the processes: logs and reports to Sentry.

What is removed, from any text:

    the token of a calendar feed                        /calendar/….ics
    the token of an unsubscribe link                    /unsubscribe/…/
    the person and token of a password link             /password/…/…/
    tokens of Discord's webhooks and interactions       /webhooks/1/…, /interactions/1/…
    the query string of a URL                           ?…
    codes, states, tokens and secrets in a form         code=…
    credentials in a header, or in a database's URL     Bearer …, ://…@
    e-mail addresses                                    …@…
    the values of a row that PostgreSQL rejected        DETAIL:  …

No module that is imported here needs Django: gunicorn uses them before settings are loaded.
"""

import json
import logging
import re
from datetime import UTC, datetime
from typing import Any

from cohorts.reconcile.workers.correlation import current_id

PATTERNS = [
    (re.compile(pattern, flags), kept)
    for pattern, kept, flags in [
        # May span lines, as values do. Ends where PostgreSQL's or Python's next part begins.
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
        # Limited in length for speed: each place in a long text is a possible start.
        (
            r"[^\s<>\"'`(){}\[\],;:=/|\\?&…]{1,64}(?:@|%40)[^\s<>\"'`(){}\[\],;:=/|\\?&@…]+",
            "…@…",
            0,
        ),
    ]
]
# `params` are the arguments of a query, or of a log line, whose text has them too.
UNWANTED = frozenset({"query_string", "http.query", "http.fragment", "cookies", "params"})


def scrub(text: str) -> str:
    for pattern, kept in PATTERNS:
        text = pattern.sub(kept, text)
    return text


def scrub_all(value: Any) -> Any:
    """Return plain data with all text scrubbed, including keys, and without unwanted keys."""
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
    """Turns an error that anyone can cause from outside into a warning without a traceback."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.exc_info = record.exc_text = None
        record.levelno, record.levelname = logging.WARNING, "WARNING"
        return True


class JsonFormatter(logging.Formatter):
    """Scrubs each text before it is quoted: afterwards a pattern could remove a quotation mark."""

    def format(self, record: logging.LogRecord) -> str:
        entry = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(),
            "level": record.levelname,
            "logger": record.name,
            "message": scrub(record.getMessage()),
            "id": current_id(),
            "process": record.process,
        }
        if record.exc_info:
            entry["traceback"] = scrub(self.formatException(record.exc_info))
        return json.dumps({key: value for key, value in entry.items() if value})
