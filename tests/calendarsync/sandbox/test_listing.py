"""events.list: which events, in which order, page by page."""

from typing import Any

import pytest

from tests.calendarsync.sandbox.google import (
    CALENDAR,
    STAMPS,
    Google,
    berlin,
    people,
    refused,
    single,
    weekly,
)

FIRST, SECOND, THIRD, FOURTH = (f"series1_{stamp}" for stamp in STAMPS)


@pytest.fixture
def busy(google: Google) -> Google:
    """A series with a moved and a cancelled meeting, a single event, and a deleted one."""
    google.settings(etags="own")
    google.insert(weekly(attendees=people("ada")))
    google.clock.advance(minutes=1)
    marked = {"private": {"mark": "a", "group": "7"}, "shared": {"team": "red"}}
    google.insert(single(extendedProperties=marked, location="Rue de l'Église"))
    google.insert(single("single2", summary="Two"))
    google.delete("single2")
    google.patch(SECOND, berlin("2026-10-15T09:00:00"))
    google.delete(THIRD)
    return google


# query -> ids, beside which everything else is as in `busy`
CASES: list[tuple[dict[str, Any], list[str]]] = [
    ({}, ["series1", SECOND, THIRD, "single1"]),
    ({"showDeleted": True}, ["series1", SECOND, THIRD, "single1", "single2"]),
    ({"singleEvents": True}, [FIRST, SECOND, FOURTH, "single1"]),
    (
        {"singleEvents": True, "showDeleted": True},
        [FIRST, SECOND, THIRD, FOURTH, "single1", "single2"],
    ),
    ({"singleEvents": True, "orderBy": "startTime"}, ["single1", FIRST, SECOND, FOURTH]),
    ({"orderBy": "updated"}, ["series1", SECOND, THIRD, "single1"]),
    ({"timeMin": "2026-10-28T14:59:59Z"}, ["series1"]),
    ({"timeMin": "2026-10-28T15:00:00Z"}, []),
    ({"timeMax": "2026-09-02T13:00:01Z"}, ["single1"]),
    ({"timeMax": "2026-09-02T13:00:00Z"}, []),
    ({"timeMin": "2026-10-14T00:00:00Z", "timeMax": "2026-10-16T00:00:00Z", "singleEvents": True},
     [SECOND]),
    ({"iCalUID": "series1@google.com"}, ["series1", SECOND, THIRD]),
    ({"iCalUID": "other@google.com"}, []),
    ({"privateExtendedProperty": "mark=a"}, ["single1"]),
    ({"privateExtendedProperty": ["mark=a", "group=7"]}, ["single1"]),
    ({"privateExtendedProperty": ["mark=a", "group=8"]}, []),
    ({"privateExtendedProperty": "team=red"}, []),
    ({"sharedExtendedProperty": "team=red"}, ["single1"]),
    ({"q": "église one"}, ["single1"]),
    ({"q": "ada@learners"}, ["series1", SECOND, THIRD]),
    ({"q": "nobody"}, []),
    ({"eventTypes": "outOfOffice"}, []),
    ({"updatedMin": "2026-09-01T08:00:30Z"}, [SECOND, THIRD, "single1", "single2"]),
    ({"updatedMin": "2026-09-01T08:01:30Z"}, []),
]  # fmt: skip


@pytest.mark.parametrize(("query", "ids"), CASES, ids=str)
def test_a_list_has_what_its_query_asks_for(
    busy: Google, query: dict[str, Any], ids: list[str]
) -> None:
    assert busy.ids(**query) == ids


@pytest.mark.parametrize("query", [query for query, ids in CASES if len(ids) > 1], ids=str)
def test_pages_of_any_size_are_the_whole(busy: Google, query: dict[str, Any]) -> None:
    whole = busy.page(**query)["items"]
    for size in range(1, len(whole) + 2):
        request = busy.events.list(calendarId=CALENDAR, maxResults=size, **query)
        pages = []
        while request is not None:
            pages.append(answer := request.execute())
            request = busy.events.list_next(request, answer)
        assert [event for page in pages for event in page["items"]] == whole
        assert all(len(page["items"]) == size for page in pages[:-1])
        assert all("nextSyncToken" not in page for page in pages[:-1])


def test_a_page_is_never_larger_than_the_service_cares_to_make_it(busy: Google) -> None:
    busy.settings(page_size=2)
    assert len(busy.page(maxResults=2500)["items"]) == 2


def test_a_page_token_goes_with_its_own_query_alone(busy: Google) -> None:
    token = busy.page(maxResults=1)["nextPageToken"]
    with refused(400, "invalid"):
        busy.page(maxResults=2, pageToken=token)
    with refused(400, "invalid"):
        busy.page(maxResults=1, pageToken=token, singleEvents=True)


def test_a_sync_token_is_no_page_token(busy: Google) -> None:
    token = busy.page()["nextSyncToken"]
    with refused(400, "invalid"):
        busy.page(pageToken=token)


def test_changes_long_past_cannot_be_asked_for(busy: Google) -> None:
    with refused(410, "updatedMinTooLongAgo"):
        busy.page(updatedMin="2026-07-01T00:00:00Z")


def test_a_deleted_series_is_not_listed_and_neither_are_its_exceptions(busy: Google) -> None:
    busy.delete("series1")
    assert busy.ids() == ["single1"]
    assert busy.ids(singleEvents=True) == ["single1"]
    assert busy.ids(showDeleted=True) == ["series1", SECOND, THIRD, "single1", "single2"]


def test_a_list_says_whose_it_is(busy: Google) -> None:
    busy.settings(time_zone="Europe/Berlin")
    head = busy.page(maxResults=1)
    del head["items"], head["nextPageToken"], head["etag"]
    assert head == {
        "kind": "calendar#events",
        "summary": "Lens",
        "updated": "2026-09-01T08:01:00.000Z",
        "timeZone": "Europe/Berlin",
        "accessRole": "owner",
        "defaultReminders": [],
    }


def test_a_query_too_long_for_an_address_is_answered_all_the_same(busy: Google) -> None:
    constraints = [f"mark{number}={'x' * 40}" for number in range(60)]
    assert busy.ids(privateExtendedProperty=constraints) == []
    assert busy.ids(privateExtendedProperty=["mark=a"] * 300) == ["single1"]


def test_the_calendar_is_found_by_its_id_and_as_primary_and_no_other_is(google: Google) -> None:
    google.insert(single())
    for calendar in ("primary", CALENDAR, CALENDAR.upper()):
        assert len(google.events.list(calendarId=calendar).execute()["items"]) == 1
    with refused(404, "notFound"):
        google.events.list(calendarId="other@sandbox.example").execute()


def test_the_calendar_says_what_it_is_and_what_one_may_do(google: Google) -> None:
    google.settings(time_zone="Europe/Berlin", access_role="writer", summary="Academy")
    calendar = google.service.calendars().get(calendarId=CALENDAR).execute()
    assert (calendar["id"], calendar["timeZone"]) == (CALENDAR, "Europe/Berlin")
    entry = google.service.calendarList().get(calendarId=CALENDAR).execute()
    assert (entry["accessRole"], entry["summary"]) == ("writer", "Academy")
    entries = google.service.calendarList().list(minAccessRole="writer").execute()
    assert entries["items"] == [entry]
    assert google.service.calendarList().list(minAccessRole="owner").execute()["items"] == []
    with refused(404, "notFound"):
        google.service.calendarList().get(calendarId="other@sandbox.example").execute()
