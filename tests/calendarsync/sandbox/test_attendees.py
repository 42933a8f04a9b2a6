"""The list of attendees: written whole, answered one by one."""

import pytest

from tests.calendarsync.sandbox.google import (
    CALENDAR,
    Google,
    answers,
    people,
    refused,
    single,
    weekly,
)


def test_the_list_is_replaced_as_a_whole(google: Google) -> None:
    google.insert(single(attendees=people("ada", "ben")))
    patched = google.patch("single1", {"attendees": people("cleo")})
    assert answers(patched) == {"cleo": "needsAction"}
    assert "attendees" not in google.patch("single1", {"attendees": []})


def test_an_entry_without_its_answer_loses_it(google: Google) -> None:
    google.insert(single(attendees=people("ada", "ben")))
    google.control("respond", event="single1", attendee="ada@learners.example", answer="accepted")
    google.patch("single1", {"summary": "Renamed"})
    assert answers(google.get("single1"))["ada"] == "accepted"
    patched = google.patch("single1", {"attendees": people("ada", "ben", "cleo")})
    assert answers(patched)["ada"] == "needsAction"


def test_an_entry_written_back_as_it_is_keeps_its_answer(google: Google) -> None:
    google.insert(single(attendees=people("ada", "ben")))
    google.control("respond", event="single1", attendee="ada@learners.example", answer="declined")
    seen = google.get("single1")["attendees"]
    patched = google.patch("single1", {"attendees": seen + people("cleo")})
    assert answers(patched) == {"ada": "declined", "ben": "needsAction", "cleo": "needsAction"}


@pytest.mark.parametrize(("mode", "kept"), [("reset", "needsAction"), ("honoured", "accepted")])
def test_an_answer_written_for_someone_else_is_reset_unless_the_setting_says_otherwise(
    google: Google, mode: str, kept: str
) -> None:
    google.settings(set_responses=mode)
    made = google.insert(single(attendees=people(ada="accepted")))
    assert answers(made) == {"ada": kept}
    google.control("respond", event="single1", attendee="ada@learners.example", answer="declined")
    assert answers(google.patch("single1", {"attendees": people(ada="accepted")})) == {"ada": kept}


def test_the_calendar_may_answer_for_itself(google: Google) -> None:
    mine = {"email": CALENDAR, "responseStatus": "accepted"}
    made = google.insert(single(attendees=[mine]))
    assert made["attendees"] == [{**mine, "organizer": True, "self": True}]


def test_the_organizer_is_on_the_list_automatically_where_the_setting_says_so(
    google: Google,
) -> None:
    google.settings(organizer_attends=True)
    made = google.insert(single(attendees=people("ada")))
    assert answers(made) == {"ada": "needsAction", "lens": "accepted"}


def test_addresses_are_kept_in_lower_case_and_known_in_any(google: Google) -> None:
    google.insert(single(attendees=[{"email": "Ada@Learners.Example"}]))
    google.control("respond", event="single1", attendee="ADA@learners.example", answer="accepted")
    again = [{"email": "ADA@LEARNERS.example", "responseStatus": "accepted"}]
    patched = google.patch("single1", {"attendees": again})
    assert patched["attendees"] == [{"email": "ada@learners.example", "responseStatus": "accepted"}]


def test_what_else_an_entry_says_is_kept(google: Google) -> None:
    entry = {"email": "ada@learners.example", "displayName": "Ada", "optional": True,
             "comment": "Late", "additionalGuests": 1, "responseStatus": "needsAction"}  # fmt: skip
    assert google.insert(single(attendees=[entry]))["attendees"] == [entry]


BAD = {
    "no address": [{"displayName": "Ada"}],
    "no domain": [{"email": "ada"}],
    "two in one": [{"email": "ada@x.example, ben@x.example"}],
    "unknown answer": [{"email": "ada@x.example", "responseStatus": "yes"}],
    "same person twice": people("ada", "ada"),
    "same person in capitals": [{"email": "ada@x.example"}, {"email": "ADA@x.example"}],
    "no list": {"email": "ada@x.example"},
    "no object": ["ada@x.example"],
    "unknown part": [{"email": "ada@x.example", "age": 9}],
    "201 people": people(*(f"p{number}" for number in range(201))),
}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_list_is_refused(google: Google, name: str) -> None:
    google.insert(single(attendees=people("zoe")))
    with refused(400, "invalid"):
        google.patch("single1", {"attendees": BAD[name]})
    assert answers(google.get("single1")) == {"zoe": "needsAction"}


def test_two_hundred_people_may_come(google: Google) -> None:
    many = people(*(f"p{number}" for number in range(200)))
    assert len(google.insert(single(attendees=many))["attendees"]) == 200


def test_more_attendees_than_asked_for_are_omitted_and_that_is_reported(google: Google) -> None:
    google.insert(single(attendees=people("ada", "ben")))
    short = google.get("single1", maxAttendees=1)
    assert short["attendeesOmitted"] is True
    assert "attendees" not in short
    assert "attendeesOmitted" not in google.get("single1", maxAttendees=2)


def test_a_write_with_omitted_attendees_changes_the_calendars_own_entry_alone(
    google: Google,
) -> None:
    mine = {"email": CALENDAR, "responseStatus": "declined"}
    google.insert(single(attendees=[*people("ada"), {"email": CALENDAR}]))
    google.patch("single1", {"attendeesOmitted": True, "attendees": [mine]})
    assert answers(google.get("single1")) == {"ada": "needsAction", "lens": "declined"}


def test_without_delegation_no_one_can_be_invited(google: Google) -> None:
    google.settings(delegation=False)
    with refused(403, "forbiddenForServiceAccounts"):
        google.insert(weekly(attendees=people("ada")))
    google.insert(weekly())
    with refused(403, "forbiddenForServiceAccounts"):
        google.patch("series1", {"attendees": people("ada")})


def test_invitations_above_the_quota_are_refused_as_a_whole(google: Google) -> None:
    google.insert(single("single0", attendees=people("zoe")))
    google.settings(quota=3)
    google.insert(single(attendees=people("ada", "ben")))
    with refused(403, "quotaExceeded"):
        google.patch("single1", {"attendees": people("ada", "ben", "cleo", "dora")})
    assert answers(google.get("single1")) == {"ada": "needsAction", "ben": "needsAction"}
    google.patch("single1", {"attendees": people("ada", "ben", "cleo")})
    with refused(403, "quotaExceeded"):
        google.insert(single("single2", attendees=people("ada")))
    google.patch("single1", {"summary": "Renamed"})
