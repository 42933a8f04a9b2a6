"""Every page says to the browser what it may do, and no page needs more than that."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.http import HttpRequest, HttpResponse
from django.test import Client
from django.urls import path

from cohorts.models import User
from lens.urls import urlpatterns as product
from tests.support.processes import ROOT

pytestmark = pytest.mark.django_db

# These are no pages of ours: e-mails, and the sandbox's own server.
NO_PAGES = ("templates/messages/", "templates/sandbox/")
PAGES = ("templates/messages/unsubscribe.html",)
INLINE = re.compile(
    r"<style|\sstyle=|<script(?![^>]*\ssrc=)|\son\w+=|javascript:|hx-on|hx-vals=.js"
)


def fail(_request: HttpRequest) -> HttpResponse:
    raise RuntimeError("for the test")


urlpatterns = [path("fails/", fail), path("api/fails/", fail), *product]


def policy_of(answer: HttpResponse) -> dict[str, list[str]]:
    parts = (part.split() for part in answer.headers["Content-Security-Policy"].split(";"))
    return {name: values for name, *values in parts}


@pytest.mark.urls(__name__)
@pytest.mark.parametrize(
    ("address", "status"),
    [
        ("/sign-in/", 200),
        ("/meetings/", 200),
        ("/admin/operations/", 200),
        ("/admin/cohorts/user/", 200),
        ("/api/docs/", 200),
        ("/api/schema/", 200),
        ("/healthz", 200),
        ("/nothing/", 404),
        ("/api/nothing", 404),
        ("/admin/nothing/", 404),
        ("/fails/", 500),
        ("/api/fails/", 500),
        ("/meetings/set-up/1/", 403),
    ],
)
def test_a10_every_page_has_a_strict_policy(address: str, status: int) -> None:
    client = Client(raise_request_exception=False)
    person = User.objects.create_user(
        "olga@example.org", name="Olga", is_staff=status != 403, is_superuser=status != 403
    )
    if address != "/sign-in/":
        client.force_login(person)
    answer = client.get(address)
    assert answer.status_code == status
    policy = policy_of(answer)
    assert policy["default-src"] == ["'none'"]
    assert policy["script-src"] == ["'self'"]
    assert policy["style-src"] == ["'self'"]
    assert "style-src-attr" not in policy
    assert policy["frame-ancestors"] == policy["base-uri"] == policy["object-src"] == ["'none'"]
    assert {"camera=()", "microphone=()", "geolocation=()"} <= set(
        answer.headers["Permissions-Policy"].split(", ")
    )


def test_a10_a_form_that_was_open_for_too_long_gets_a_page_of_ours() -> None:
    answer = Client(enforce_csrf_checks=True).post("/sign-in/", {})
    assert answer.status_code == 403
    assert b"Reload the page" in answer.content
    assert not INLINE.search(answer.content.decode())
    assert policy_of(answer)["script-src"] == ["'self'"]


def page_templates() -> Iterator[Path]:
    for file in sorted((ROOT / "templates").rglob("*.html")):
        name = file.relative_to(ROOT).as_posix()
        if name in PAGES or not name.startswith(NO_PAGES):
            yield file


def test_a10_no_template_of_a_page_has_text_that_runs_or_styles() -> None:
    found = {
        file.name: INLINE.findall(text)
        for file in page_templates()
        if INLINE.search(text := file.read_text(encoding="utf-8"))
    }
    assert found == {}
