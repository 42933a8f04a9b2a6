"""Holidays and clock changes that fall on a cohort's meetings."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from django.core.exceptions import ValidationError
from django.test import Client

from cohorts.models import Group
from cohorts.validators import check_country
from meetings.calendar_notes import find_calendar_notes
from tests.admin.reading import text_of
from tests.support.academy import Academy

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("without_providers")]

NOW = datetime(2027, 3, 8, 17, tzinfo=UTC)  # a Monday; group A meets on Thursdays


def test_holidays_and_clock_changes_are_shown_with_local_times_before_and_after(set_clock):
    set_clock(NOW)
    academy = Academy(NOW, groups="A", meetings=12, country="DE-BE")
    Group.objects.update(timezone="Europe/Berlin")
    academy.cohort.save()
    academy.add_member("Nora", "A", timezone="America/New_York")
    academy.add_member("Kim", "A", timezone="Asia/Tokyo")

    holidays, clocks = find_calendar_notes(academy.cohort, NOW)
    assert holidays.lines == ("Thursday 6 May, Ascension Day: Group A (week 9)",)
    assert clocks.lines == (
        "Group A: clocks change in New York before week 2, Thursday 18 March, 17:00 (Berlin). "
        "Local times before and after: Berlin 17:00 → 17:00; New York 11:00 → 12:00; "
        "Tokyo 01:00 → 01:00",
        "Group A: clocks change in Berlin before week 4, Thursday 1 April, 17:00 (Berlin). "
        "Local times before and after: Berlin 17:00 → 17:00; New York 12:00 → 11:00; "
        "Tokyo 01:00 → 00:00",
    )
    olga = academy.add_person("Olga", is_staff=True, is_superuser=True)
    client = Client()
    client.force_login(olga)
    page = text_of(client.get(f"/admin/cohorts/{academy.cohort.pk}/calendar/"))
    assert "Ascension Day" in page
    assert "Local times before and after" in page

    academy.cohort.country = ""
    assert [note.title for note in find_calendar_notes(academy.cohort, NOW)] == ["Clock changes"]


def test_a_clock_change_that_changes_nobodys_local_time_is_not_listed(set_clock):
    set_clock(NOW)
    academy = Academy(NOW, groups="A", meetings=12)
    Group.objects.update(timezone="Europe/Berlin")
    academy.add_member("Pablo", "A", timezone="Europe/Madrid")
    assert [note.lines for note in find_calendar_notes(academy.cohort, NOW) if note.lines] == []


def test_a_country_has_a_known_code():
    for good in ("DE", "DE-BE", "US"):
        check_country(good)
    for bad in ("XX", "DE-ZZ", "de", "Germany", "-"):
        with pytest.raises(ValidationError):
            check_country(bad)


def test_holidays_of_an_unknown_code_are_none():
    from cohorts.countries import find_holidays

    assert find_holidays("XX", date(2027, 1, 1), date(2027, 2, 1)) == {}
