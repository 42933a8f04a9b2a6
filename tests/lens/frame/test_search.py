"""One box for people, groups and cohorts."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from cohorts.models import FormerAddress, User
from lens.frame.search import SHOWN, search_everything
from tests.lens.frame.conftest import give
from tests.support.academy import Academy

pytestmark = pytest.mark.django_db

EVERYTHING = (
    "cohorts.view_user",
    "cohorts.view_group",
    "cohorts.view_cohort",
    "cohorts.view_membership",
)


@pytest.fixture
def academy(db: None) -> Academy:
    return Academy(datetime.now(UTC).replace(second=0, microsecond=0))


@pytest.fixture
def olga(db: None) -> User:
    return User.objects.create_superuser("olga@example.org", name="Olga")


@pytest.fixture
def ana(academy: Academy) -> User:
    ana = academy.add_member("Ana", "A")
    ana.name, ana.nickname, ana.email = "Ana Lúcia Prado", "Lu", "ana@example.org"
    ana.discord_id, ana.discord_name = 210000000000012345, "prado.ana"
    ana.save()
    FormerAddress.objects.create(user=ana, email="old.ana@school.example")
    FormerAddress.objects.create(user=ana, email="older.ana@school.example")
    return ana


@pytest.mark.parametrize(
    "text",
    ["ana", "PRADO ana", "Lu", "ana@example", "prado.ana", "old.ana@school.example",
     "school.example", "210000000000012345", " ana   prado "],
)  # fmt: skip
def test_a_person_is_found_once_by_whatever_is_known(ana, olga, text):
    assert [each.pk for each in search_everything(text, viewer=olga).people] == [ana.pk]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "  ",
        "ana nobody",
        "21000000000001234",
        "9" * 30,
        "9" * 19,
        "٢١٠",
        "%",
        "_",
        "ana\x00nobody",
    ],
)
def test_what_matches_nothing_finds_nothing(ana, olga, text):
    assert search_everything(text, viewer=olga).total == 0


def test_a_group_and_a_cohort_are_found_by_name(academy, olga):
    found = search_everything("group b", viewer=olga)
    assert [group.pk for group in found.groups] == [academy.groups["B"].pk]
    found = search_everything(academy.cohort.name, viewer=olga)
    assert [cohort.pk for cohort in found.cohorts] == [academy.cohort.pk]
    assert found.groups == ()


def test_a_cohorts_name_narrows_the_groups(academy, olga):
    found = search_everything(f"{academy.cohort.name} group b", viewer=olga)
    assert [group.pk for group in found.groups] == [academy.groups["B"].pk]
    assert search_everything("elsewhere group b", viewer=olga).groups == ()


@pytest.mark.parametrize(
    ("permission", "kinds"),
    [
        ("cohorts.view_user", {"people"}),
        ("cohorts.view_group", {"groups"}),
        ("cohorts.view_cohort", {"cohorts"}),
        ("outbox.view_message", set()),
    ],
)
def test_the_viewer_finds_only_what_they_may_view(academy, ana, permission, kinds):
    viewer = give(User.objects.create_user("v@example.org", name="V", is_staff=True), permission)
    texts = ("Ana", "Group A", academy.cohort.name)
    found = [search_everything(text, viewer=viewer) for text in texts]
    assert {
        name for each in found for name in ("people", "groups", "cohorts") if getattr(each, name)
    } == kinds


def test_without_the_right_to_memberships_no_group_of_a_person_is_shown(academy, ana, staff_with):
    page = staff_with("cohorts.view_user").get("/admin/search/", {"q": "ana"}).content.decode()
    assert "Ana Lúcia Prado" in page or "Lu" in page
    assert "Group A" not in page


def test_the_page_shows_a_persons_group_and_its_links_open(academy, ana, staff_with):
    client = staff_with(*EVERYTHING)
    page = client.get("/admin/search/", {"q": "prado"}).content.decode()
    for address in (
        f"/admin/people/{ana.pk}/",
        f"/groups/{academy.groups['A'].pk}/",
    ):
        assert f'href="{address}"' in page
        assert client.get(address, follow=True).status_code == 200


def test_the_queries_do_not_grow(academy, olga):
    def count(text: str) -> int:
        with CaptureQueriesContext(connection) as queries:
            search_everything(text, viewer=olga)
        return len(queries)

    academy.add_member("Finder 0", "A")
    few = count("Finder")
    for n in range(1, 2 * SHOWN):
        academy.add_member(f"Finder {n}", "A")
    assert count("Finder") == few == 4
    found = search_everything("Finder", viewer=olga)
    assert (len(found.people), found.cut_off) == (SHOWN, True)


def test_text_from_the_address_is_never_markup(staff_with):
    page = staff_with("cohorts.view_user").get("/admin/search/", {"q": '"><b>x'}).content.decode()
    assert "<b>x" not in page
