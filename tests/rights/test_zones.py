"""Every page of the admin shows times in the reader's zone, or names the zone beside them."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.db import transaction
from django.test import Client

from cohorts.models import Group, User
from tests.admin.reading import text_of
from tests.rights.kinds import SUPERUSER, World
from tests.rights.test_links import admin_pages
from tests.rights.test_table import enter
from tests.support.second_factor import sign_in

pytestmark = pytest.mark.django_db

FAR = "Asia/Kathmandu"  # 5:45 h ahead: no other zone shows the same minutes
TIME = re.compile(r"(?<![\d:])\d{1,2}:\d\d(?![\d:])|\b[ap]\.m\.")
LABEL = re.compile(r"^(?: ?[-–] ?\d\d:\d\d)?[ (]*(?:UTC|[A-Z][A-Za-z]+/[A-Z]\w+|Berlin|New York)")
OTHER_FORMAT = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d(?! UTC)|\b(?:a\.m\.|p\.m\.|noon|midnight)")


EXPLAINS = "/cohort/roster/"  # how a weekly time is written in a file, by examples


def pages_of(world: World, values: dict[str, Any], zone: str) -> dict[str, str]:
    """Return the text of each page of the admin, as a superuser in this zone reads it."""
    User.objects.filter(pk=world.people[SUPERUSER].pk).update(timezone=zone)
    client = sign_in(world.people[SUPERUSER], Client(raise_request_exception=False))
    shown = {}
    for number, (route, door) in enumerate(admin_pages()):
        with transaction.atomic():
            page = enter(client, route, door, values)
            if page.status_code == 200 and "html" in page.headers["Content-Type"]:
                shown[f"{number} {page.wsgi_request.path}"] = text_of(page)
            transaction.set_rollback(True)
    return shown


def unlabelled(text: str) -> list[str]:
    """Return the times of a page, each with what is before it, whose zone is not beside them."""
    return [
        text[max(found.start() - 30, 0) : found.end()]
        for found in TIME.finditer(text)
        if not LABEL.match(text[found.end() :])
    ]


@pytest.mark.matrix
def test_each_time_has_one_format_and_is_in_the_readers_zone_or_names_its_own(
    world: World, values: dict[str, Any]
) -> None:
    """A time without a zone beside it is the reader's, so it differs between two readers."""
    Group.objects.update(timezone="America/New_York")
    in_utc, far = pages_of(world, values, "UTC"), pages_of(world, values, FAR)
    same = {
        page: sorted(set(unlabelled(text)) & set(unlabelled(far[page])))
        for page, text in in_utc.items()
        if not page.endswith(EXPLAINS)
    }
    assert {page: times for page, times in same.items() if times} == {}
    assert sum(len(unlabelled(text)) for text in far.values()) > 50
    for page, text in far.items():
        assert OTHER_FORMAT.findall(text) == [], page
        assert f"Times are in {FAR}" in text, page


def test_the_scan_finds_an_unlabelled_time() -> None:
    assert unlabelled("at 15:00 UTC, 16:00 (Europe/Berlin), 17:00 – 18:00 UTC") == []
    assert unlabelled("at Tue 5 Jan, 15:00. Then") == ["at Tue 5 Jan, 15:00"]
