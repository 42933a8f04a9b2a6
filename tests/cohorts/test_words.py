"""Words for dates and numbers."""

from datetime import datetime

import pytest

from cohorts.words import name_wait
from cohorts.zones import find_zone

NOW = datetime.fromisoformat("2027-03-27T21:00+01:00")  # the clocks change in that night


@pytest.mark.parametrize(
    ("moment", "words"),
    [
        ("2027-03-27T21:00:20+01:00", "in 1 minute"),
        ("2027-03-27T21:59+01:00", "in 59 minutes"),
        ("2027-03-27T22:00+01:00", "in 1 hour"),
        ("2027-03-27T23:40+01:00", "in 3 hours"),
        ("2027-03-28T01:00+01:00", "in 4 hours"),
        ("2027-03-28T08:00+02:00", "tomorrow"),
        ("2027-03-28T23:59+02:00", "tomorrow"),
        ("2027-03-29T00:01+02:00", "in 2 days"),
        ("2027-04-10T18:00+02:00", "in 14 days"),
    ],
)
def test_how_long_it_is_is_said_by_the_dates_of_the_zone(moment, words):
    assert name_wait(datetime.fromisoformat(moment), NOW, find_zone("Europe/Berlin")) == words


def test_a_date_depends_on_the_zone():
    moment = datetime.fromisoformat("2027-03-29T08:00+02:00")
    assert name_wait(moment, NOW, find_zone("Europe/Berlin")) == "in 2 days"
    assert name_wait(moment, NOW, find_zone("Pacific/Auckland")) == "tomorrow"
