"""One id leads from a booking through its task and run to each call, and to Sentry."""

from __future__ import annotations

import json
import logging
from typing import Any

import pytest
from django.test import Client
from django_q.models import OrmQ
from django_q.signals import pre_execute

from cohorts.reconcile.workers.correlation import adopt, correlated, current_id
from cohorts.reconcile.workers.nudges import nudge
from lens.reporting.scrubbing import JsonFormatter
from lens.reporting.sentry import tag_report
from tests.guestvisits.effects.world import World


class Lines(logging.Handler):
    """What a process with LOG_FORMAT=json writes."""

    def __init__(self) -> None:
        super().__init__(logging.INFO)
        self.setFormatter(JsonFormatter())
        self.lines: list[dict[str, Any]] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(json.loads(self.format(record)))


@pytest.fixture
def lines() -> Any:
    handler, root = Lines(), logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.INFO)
    yield handler.lines
    root.removeHandler(handler)
    root.setLevel(level)


@pytest.mark.django_db(transaction=True)
def test_a_booking_is_followed_to_the_call_that_gives_access(world: World, lines: Any) -> None:
    lines.clear()
    browser = Client(headers={"X-Request-ID": "proxy-4711-abc"})
    browser.force_login(world.person("Ada"))
    body = {
        "home_meeting_id": world.meeting("A").pk,
        "host_meeting_id": world.meeting("B").pk,
    }
    answer = browser.post("/api/guest-visits", body, content_type="application/json")
    assert answer.status_code == 200, answer.content
    assert answer["X-Request-ID"] == "proxy-4711-abc"
    world.work()
    calls = [one for one in lines if "grant" in one["message"] and "discord" in one["message"]]
    assert calls
    assert {one["id"] for one in calls} == {"proxy-4711-abc"}
    assert "Ada" not in json.dumps(calls)


@pytest.mark.django_db
def test_a_worker_continues_the_id_of_the_nudge_and_ends_it_with_the_task() -> None:
    with correlated("request-1234"):
        nudge("calendar")
    nudge("calendar")
    first, second = (row.task for row in OrmQ.objects.order_by("pk"))
    for task in (first, second):
        # Version 0.1.0 takes no other argument.
        assert (task["args"], task["kwargs"]) == (("calendar",), {})
    try:
        pre_execute.send(sender="django_q", func=None, task=first)
        assert current_id() == "request-1234"
        pre_execute.send(sender="django_q", func=None, task=second)
        assert current_id() == ""
    finally:
        adopt("")


@pytest.mark.parametrize("given", ["", "a b", "x" * 65, "<script>", "../../etc"])
def test_an_id_that_could_forge_a_line_is_replaced(client: Client, given: str) -> None:
    answer = client.get("/healthz", headers={"X-Request-ID": given})
    assert answer["X-Request-ID"] != given
    assert len(answer["X-Request-ID"]) == 16
    assert current_id() == ""


def test_a_json_line_stays_json_and_holds_no_secret() -> None:
    record = logging.LogRecord(
        "x", logging.ERROR, "f", 1, 'Ada "ada@example.org"\nDETAIL:  Key (x)=(y)', None, None
    )
    written = JsonFormatter().format(record)
    assert "\n" not in written
    assert json.loads(written)["level"] == "ERROR"
    assert "ada@example.org" not in written
    assert "(y)" not in written


def test_a_report_to_sentry_has_the_id_as_a_tag() -> None:
    with correlated("request-1234"):
        assert tag_report({"tags": {"a": "b"}}, {})["tags"] == {"a": "b", "id": "request-1234"}
