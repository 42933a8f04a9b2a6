"""Single occurrences: read, moved, cancelled, brought back."""

from tests.calendarsync.sandbox.google import (
    STAMPS,
    Google,
    answers,
    berlin,
    people,
    refused,
    single,
    weekly,
)

FIRST, SECOND, THIRD, FOURTH = (f"series1_{stamp}" for stamp in STAMPS)


def test_an_occurrence_names_its_series_and_its_original_start(google: Google) -> None:
    series = google.insert(weekly(attendees=people("ada"), location="Here"))
    shown = google.get(SECOND)
    assert shown["recurringEventId"] == "series1"
    assert shown["originalStartTime"] == {
        "dateTime": "2026-10-14T13:00:00Z",
        "timeZone": "Europe/Berlin",
    }
    assert (shown["start"], shown["location"]) == (shown["originalStartTime"], "Here")
    assert shown["iCalUID"] == series["iCalUID"]
    assert "recurrence" not in shown


def test_a_changed_occurrence_is_an_exception_with_its_own_attendees(google: Google) -> None:
    google.insert(weekly(attendees=people("ada", "ben")))
    changed = google.patch(SECOND, {"attendees": people("ada", "ben", "guest")})
    assert set(answers(changed)) == {"ada", "ben", "guest"}
    assert set(answers(google.get("series1"))) == {"ada", "ben"}
    assert set(answers(google.get(THIRD))) == {"ada", "ben"}
    assert google.ids() == ["series1", SECOND]


def test_a_moved_occurrence_keeps_its_id_and_original_start(google: Google) -> None:
    google.insert(weekly())
    google.patch(SECOND, berlin("2026-10-15T09:00:00"))
    moved = google.get(SECOND)
    assert moved["start"]["dateTime"] == "2026-10-15T07:00:00Z"
    assert moved["originalStartTime"]["dateTime"] == "2026-10-14T13:00:00Z"
    assert moved["sequence"] == 1


def test_a_cancelled_occurrence_is_only_named(google: Google) -> None:
    google.insert(weekly(attendees=people("ada")))
    google.delete(SECOND)
    assert set(google.get(SECOND)) == {
        "kind", "etag", "id", "status", "recurringEventId", "originalStartTime",
    }  # fmt: skip
    assert google.get(SECOND)["status"] == "cancelled"
    assert [one["id"] for one in google.instances("series1")] == [FIRST, THIRD, FOURTH]
    shown = google.instances("series1", showDeleted=True)
    assert [one["status"] for one in shown] == ["confirmed", "cancelled", "confirmed", "confirmed"]
    with refused(410, "deleted"):
        google.delete(SECOND)


def test_a_cancelled_occurrence_comes_back_with_who_was_invited(google: Google) -> None:
    google.insert(weekly(attendees=people("ada")))
    google.patch(SECOND, {"status": "cancelled"})
    back = google.patch(SECOND, {"status": "confirmed"})
    assert answers(back) == {"ada": "needsAction"}
    assert len(google.instances("series1")) == 4


def test_an_occurrence_that_the_rule_does_not_have_is_not_found(google: Google) -> None:
    google.insert(weekly())
    for event_id in ("series1_20261104T140000Z", "series1_20261007T130001Z", "series1_20261007"):
        with refused(404, "notFound"):
            google.get(event_id)


def test_an_occurrence_has_no_rule_of_its_own(google: Google) -> None:
    google.insert(weekly())
    with refused(400, "invalid"):
        google.patch(SECOND, {"recurrence": ["RRULE:FREQ=DAILY;COUNT=2"]})


def test_instances_are_found_by_their_original_start_as_a_moment(google: Google) -> None:
    google.insert(weekly())
    google.patch(FOURTH, berlin("2026-11-05T09:00:00"))
    for text in ("2026-10-28T14:00:00Z", "2026-10-28T15:00:00+01:00"):
        assert [i["id"] for i in google.instances("series1", originalStart=text)] == [FOURTH]
    assert google.instances("series1", originalStart="2026-11-05T08:00:00Z") == []


def test_instances_come_by_range_and_by_page(google: Google) -> None:
    google.insert(weekly())
    late = google.instances("series1", timeMin="2026-10-14T14:00:00Z",
                            timeMax="2026-10-28T14:00:00Z")  # fmt: skip
    # What ends at timeMin or starts at timeMax is outside.
    assert [one["id"] for one in late] == [THIRD]
    request = google.events.instances(calendarId="primary", eventId="series1", maxResults=3)
    pages = []
    while request is not None:
        pages.append(answer := request.execute())
        request = google.events.instances_next(request, answer)
    assert [[one["id"] for one in page["items"]] for page in pages] == [
        [FIRST, SECOND, THIRD],
        [FOURTH],
    ]


def test_only_a_series_has_instances(google: Google) -> None:
    google.insert(single())
    with refused(400, "invalid"):
        google.instances("single1")


def test_a_deleted_series_takes_its_occurrences_along_and_brings_them_back(
    google: Google,
) -> None:
    google.insert(weekly(attendees=people("ada")))
    google.patch(SECOND, {"location": "There", "attendees": people("ada", "guest")})
    google.delete(THIRD)
    google.delete("series1")
    assert google.instances("series1") == []
    assert google.get(FIRST)["status"] == google.get(SECOND)["status"] == "cancelled"
    with refused(400, "invalid"):
        google.patch(SECOND, {"status": "confirmed"})
    with refused(410, "deleted"):
        google.delete(FIRST)
    google.patch("series1", {"status": "confirmed"})
    assert [one["id"] for one in google.instances("series1")] == [FIRST, SECOND, FOURTH]
    assert set(answers(google.get(SECOND))) == {"ada", "guest"}


def test_writing_an_occurrence_leaves_the_series_as_it_is(google: Google) -> None:
    google.settings(etags="own")
    series = google.insert(weekly())
    google.patch(SECOND, {"summary": "Special"})
    assert google.get("series1") == series
    etags = {google.get(one)["etag"] for one in (FIRST, SECOND)}
    assert len(etags) == 2


def test_an_all_day_series_has_all_day_occurrences(google: Google) -> None:
    days = {"start": {"date": "2026-10-07"}, "end": {"date": "2026-10-08"}}
    google.insert(weekly(**days, count=2))
    shown = google.instances("series1")
    assert [one["id"] for one in shown] == ["series1_20261007", "series1_20261014"]
    assert shown[1]["start"] == shown[1]["originalStartTime"] == {"date": "2026-10-14"}
    assert shown[1]["end"] == {"date": "2026-10-15"}
