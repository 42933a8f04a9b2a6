"""What is removed from text, what stays, and that no text takes long."""

from __future__ import annotations

import time

import pytest

from lens.reporting.scrubbing import scrub


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ('"GET /calendar/abc-DEF_1.ics HTTP/1.1" 200', '"GET /calendar/….ics HTTP/1.1" 200'),
        ("webcal://host/calendar/abc.ics", "webcal://host/calendar/….ics"),
        ("/unsubscribe/12:abcDEF/", "/unsubscribe/…/"),
        ("/password/MQ/cx-123/", "/password/…/…/"),
        ("/api/v10/webhooks/1/abc/messages", "/api/v10/webhooks/1/…/messages"),
        ("/callback/?code=a&state=b HTTP", "/callback/?… HTTP"),
        ("https://example.org/a?b HTTP", "https://example.org/a?… HTTP"),
        ("form: code=abc&x=1", "form: code=…&x=1"),
        ("postgres://lens:p%40ss@host:5432/lens", "postgres://…@host:5432/lens"),
        ("Authorization: Bearer abcdefghijklmnop.q", "Authorization: Bearer …"),
        ("for <alice@example.org>, bob%40example.org", "for <…@…>, …@…"),
        (
            "duplicate key\nDETAIL:  Key (name)=(Alice\nB) already exists.\nCONTEXT:  COPY",
            "duplicate key\nDETAIL:  …\nCONTEXT:  COPY",
        ),
        (
            "psycopg.Error: no\nDETAIL:  Failing row contains (Alice).\n\nThe above exception",
            "psycopg.Error: no\nDETAIL:  …\n\nThe above exception",
        ),
    ],
)
def test_a8_secrets_and_people_are_removed(text: str, left: str) -> None:
    assert scrub(text) == left


@pytest.mark.parametrize(
    "text",
    [
        "Discord @everyone",
        "/password/sent/",
        "Is its disk full? The log says why (is it?).",
        'File "/srv/lens/lens/health.py", line 3, in healthz',
        "Discord answered 403 (code: 50013)",
    ],
)
def test_a8_the_rest_stays(text: str) -> None:
    assert scrub(text) == text


@pytest.mark.parametrize("part", ["a", "/a", "a@", "?", "/calendar/", "DETAIL: \n", "code="])
def test_a8_no_text_takes_long(part: str) -> None:
    begun = time.process_time()
    scrub(part * 20_000 + " ")
    assert time.process_time() - begun < 5
