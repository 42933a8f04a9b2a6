"""What a write to a series does to its exceptions, in each of the ways Google may go about it."""

import pytest

from tests.calendarsync.sandbox.google import (
    STAMPS,
    Google,
    answers,
    berlin,
    people,
    refused,
    weekly,
)

FIRST, SECOND, THIRD, FOURTH = (f"series1_{stamp}" for stamp in STAMPS)
MODES = ["left_alone", "overwritten", "merged"]


@pytest.fixture
def term(google: Google) -> Google:
    """Ada and Ben meet; the second meeting is moved, renamed, and has a guest; Ada is away."""
    google.insert(weekly(attendees=people("ada", "ben"), description="Bring a pen"))
    moved = {"summary": "Special", "attendees": people("ada", "ben", "guest")}
    google.patch(SECOND, berlin("2026-10-15T09:00:00") | moved)
    google.control("respond", event=SECOND, attendee="ada@learners.example", answer="declined")
    return google


def test_a_patch_of_the_series_resets_what_exceptions_had_of_their_own(term: Google) -> None:
    term.patch("series1", {"description": "Bring two pens"})
    second = term.get(SECOND)
    assert (second["summary"], second["description"]) == ("Group", "Bring two pens")
    # Their times are their own until a patch names start or end.
    assert second["start"]["dateTime"] == "2026-10-15T07:00:00Z"


def test_a_patch_that_names_a_time_sets_the_times_of_exceptions_back(term: Google) -> None:
    end = term.get("series1")["end"]
    term.patch("series1", {"end": end})
    assert term.get(SECOND)["start"]["dateTime"] == "2026-10-14T13:00:00Z"


@pytest.mark.parametrize(
    ("mode", "second"),
    [
        ("left_alone", {"ada": "declined", "ben": "needsAction", "guest": "needsAction"}),
        ("overwritten", {"ada": "needsAction", "cleo": "needsAction"}),
        ("merged", {"ada": "declined", "guest": "needsAction", "cleo": "needsAction"}),
    ],
)
def test_attendees_of_exceptions_are_treated_as_the_setting_says(
    term: Google, mode: str, second: dict[str, str]
) -> None:
    term.settings(exceptions=mode)
    term.patch("series1", {"attendees": people("ada", "cleo")})
    assert answers(term.get(SECOND)) == second
    assert set(answers(term.get(THIRD))) == {"ada", "cleo"}


def test_overwriting_needs_no_change_of_attendees(term: Google) -> None:
    term.settings(exceptions="overwritten")
    term.patch("series1", {"description": "Bring two pens"})
    assert set(answers(term.get(SECOND))) == {"ada", "ben"}


@pytest.mark.parametrize("mode", MODES)
def test_a_cancelled_occurrence_stays_cancelled(term: Google, mode: str) -> None:
    term.settings(exceptions=mode)
    term.delete(THIRD)
    term.patch("series1", {"attendees": people("ada"), "summary": "Renamed"})
    assert term.get(THIRD)["status"] == "cancelled"
    assert len(term.instances("series1")) == 3


def test_a_moved_start_moves_original_starts_and_ids(term: Google) -> None:
    term.delete(THIRD)
    term.patch("series1", berlin("2026-10-08T16:00:00"))
    shown = term.instances("series1", showDeleted=True)
    assert [(one["id"], one["status"]) for one in shown] == [
        ("series1_20261008T140000Z", "confirmed"),
        ("series1_20261015T140000Z", "confirmed"),
        ("series1_20261022T140000Z", "cancelled"),
        ("series1_20261029T150000Z", "confirmed"),
    ]
    assert shown[1]["start"] == shown[1]["originalStartTime"]
    assert set(answers(shown[1])) == {"ada", "ben", "guest"}
    with refused(404, "notFound"):
        term.get(SECOND)


def test_a_shorter_count_removes_later_occurrences_and_their_exceptions(term: Google) -> None:
    term.patch(FOURTH, {"summary": "Farewell"})
    term.patch("series1", {"recurrence": ["RRULE:FREQ=WEEKLY;COUNT=3"]})
    assert [one["id"] for one in term.instances("series1")] == [FIRST, SECOND, THIRD]
    with refused(404, "notFound"):
        term.get(FOURTH)
    term.patch("series1", {"recurrence": ["RRULE:FREQ=WEEKLY;COUNT=4"]})
    assert term.get(FOURTH)["summary"] == "Group"


def test_an_excluded_date_removes_its_exception(term: Google) -> None:
    rules = [*weekly()["recurrence"], "EXDATE;TZID=Europe/Berlin:20261014T150000"]
    term.patch("series1", {"recurrence": rules})
    assert [one["id"] for one in term.instances("series1")] == [FIRST, THIRD, FOURTH]
    with refused(404, "notFound"):
        term.get(SECOND)


def test_a_series_that_no_longer_repeats_is_one_event(term: Google) -> None:
    single = term.patch("series1", {"recurrence": None})
    assert "recurrence" not in single
    assert term.ids() == ["series1"]


def test_an_answer_to_one_occurrence_makes_an_exception_with_everyone(google: Google) -> None:
    google.insert(weekly(attendees=people("ada", "ben")))
    google.control(
        "respond",
        event="series1",
        attendee="ada@learners.example",
        answer="declined",
        original_start="2026-10-14T15:00:00+02:00",
        comment="On holiday",
    )
    assert answers(google.get(SECOND)) == {"ada": "declined", "ben": "needsAction"}
    assert google.get(SECOND)["attendees"][0]["comment"] == "On holiday"
    assert answers(google.get("series1")) == {"ada": "needsAction", "ben": "needsAction"}
    assert google.ids() == ["series1", SECOND]


@pytest.mark.parametrize(
    ("mode", "ada", "ben"),
    [
        ("left_alone", "declined", "needsAction"),
        ("overwritten", "accepted", "accepted"),
        ("merged", "declined", "accepted"),
    ],
)
def test_an_answer_to_the_series_reaches_exceptions_as_the_setting_says(
    term: Google, mode: str, ada: str, ben: str
) -> None:
    term.settings(exceptions=mode)
    for name in ("ada", "ben"):
        term.control(
            "respond", event="series1", attendee=f"{name}@learners.example", answer="accepted"
        )
    assert answers(term.get(SECOND)) == {"ada": ada, "ben": ben, "guest": "needsAction"}
    assert answers(term.get(THIRD)) == {"ada": "accepted", "ben": "accepted"}


@pytest.mark.parametrize("write", ["patch", "update"])
def test_the_rule_of_a_split_series_cannot_be_written(term: Google, write: str) -> None:
    later = term.control("split", event="series1", at="2026-10-21T13:00:00Z")
    rules = ["RRULE:FREQ=WEEKLY;COUNT=9"]
    body = {side: later[side] for side in ("start", "end")} | {"recurrence": rules}
    with refused(400, "invalid"):
        getattr(term, write)(later["id"], body)
    assert term.patch(later["id"], {"summary": "Renamed"})["summary"] == "Renamed"
