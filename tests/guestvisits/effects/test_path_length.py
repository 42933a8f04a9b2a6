"""How many files a reader follows from the click that books a visit to the role that it grants.

Counted are the files of which a function is called. Left out are the middleware of every request,
and the outbox with its sources: a run stores pending messages before it plans.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

import pytest
from django.conf import settings
from django.db import connection
from django.test import Client
from django.urls import reverse

from meetings.models import Meeting
from tests.support.cohort import join, make_cohort, realize, work
from tests.support.running_sandbox import RunningSandbox

MAX_FILES = 55  # one of them records who did it, one carries the id for the logs
APPS = ("cohorts/", "meetings/", "guestvisits/", "discordsync/", "calendarsync/")
SOURCES = ("/messages/", "/messages.py", "/delivery/", "discordsync/joining/")
LEFT_OUT = ("/sandbox/", "/outbox/", "/templatetags/", *SOURCES)


class Trace:
    """Collects the product's files of which a function is called, until Discord is asked to grant
    a role."""

    def __init__(self) -> None:
        self.files: set[str] = set()
        self.is_granted = False

    def __call__(self, frame: FrameType, event: str, _: Any) -> None:
        code = frame.f_code
        if event != "call" or self.is_granted or code.co_name == "<module>":
            return
        path = Path(code.co_filename)
        if not path.is_relative_to(settings.BASE_DIR):
            return
        name = path.relative_to(settings.BASE_DIR).as_posix()
        if name.startswith(APPS) and not any(part in name for part in LEFT_OUT):
            self.files.add(name)
            if name == "discordsync/rest/client.py" and code.co_name == "request":
                given = frame.f_locals
                self.is_granted = given["method"] == "PUT" and "/roles/" in given["path"]


@contextmanager
def traced() -> Iterator[Trace]:
    trace = Trace()
    threading.setprofile(trace)
    sys.setprofile(trace)
    try:
        yield trace
    finally:
        sys.setprofile(None)
        threading.setprofile(None)


@pytest.mark.django_db(transaction=True)
def test_from_the_click_to_the_role(sandbox: RunningSandbox) -> None:
    made = make_cohort(groups=2, members=2, meetings=2)
    join(sandbox, made.people)
    realize(made)
    work("discord", "calendar")
    guest = made.people[1]
    home, host = (Meeting.objects.get(group=group, number=1) for group in made.groups)
    browser = Client()
    browser.force_login(guest)
    connection.close()  # or one that is a minute old is replaced on the way, which calls a receiver
    connection.connect()

    with traced() as trace:
        browser.post(reverse("book-visit", args=[home.pk]), {"host": host.pk})
        work("discord")

    assert trace.is_granted
    assert len(trace.files) <= MAX_FILES, "\n".join(sorted(trace.files))
