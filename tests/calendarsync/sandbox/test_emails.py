"""The people Google would have mailed."""

from typing import Any

import pytest

from tests.calendarsync.sandbox.google import (
    CALENDAR,
    STAMPS,
    Google,
    berlin,
    people,
    single,
    weekly,
)

SECOND = f"series1_{STAMPS[1]}"
ADA, BEN, CLEO = (f"{name}@learners.example" for name in ("ada", "ben", "cleo"))


def test_no_one_is_mailed_unless_asked(google: Google) -> None:
    google.insert(single(attendees=people("ada")))
    google.patch("single1", {"attendees": people("ben")}, sendUpdates="none")
    google.delete("single1")
    assert google.mails() == []


def test_one_invitation_covers_a_series(google: Google) -> None:
    google.insert(weekly(attendees=[*people("ada", "ben"), {"email": CALENDAR}]), sendUpdates="all")
    assert google.mails() == [(ADA, "invitation", "series1"), (BEN, "invitation", "series1")]
    assert google.sandbox.state.mails[0]["at"] == "2026-09-01T08:00:00.000Z"


def test_the_older_parameter_mails_as_well(google: Google) -> None:
    google.insert(single(attendees=people("ada")), sendNotifications=True)
    assert google.mails() == [(ADA, "invitation", "single1")]


@pytest.mark.parametrize(
    ("mode", "told"), [("everybody", [(ADA, "update", SECOND)]), ("concerned", [])]
)
def test_a_change_of_attendees_alone_reaches_those_the_setting_says(
    google: Google, mode: str, told: list[tuple[str, str, str]]
) -> None:
    google.settings(mails=mode)
    google.insert(weekly(attendees=people("ada", "ben")))
    google.patch(SECOND, {"attendees": people("ada", "cleo")}, sendUpdates="all")
    assert google.mails() == [
        (CLEO, "invitation", SECOND),
        *told,
        (BEN, "cancellation", SECOND),
    ]


@pytest.mark.parametrize("mode", ["everybody", "concerned"])
@pytest.mark.parametrize("change", [berlin("2026-09-02T16:00:00"), {"location": "There"}], ids=str)
def test_a_change_that_guests_see_reaches_all_of_them(
    google: Google, mode: str, change: dict[str, Any]
) -> None:
    google.settings(mails=mode)
    google.insert(single(attendees=people("ada", "ben")))
    google.patch("single1", change, sendUpdates="all")
    assert google.mails() == [(ADA, "update", "single1"), (BEN, "update", "single1")]


def test_a_deletion_cancels_and_a_return_invites(google: Google) -> None:
    google.insert(single(attendees=people("ada")))
    google.delete("single1", sendUpdates="all")
    google.patch("single1", {"status": "confirmed"}, sendUpdates="all")
    assert google.mails() == [(ADA, "cancellation", "single1"), (ADA, "invitation", "single1")]


def test_a_guest_of_one_meeting_is_mailed_when_the_series_is_deleted(google: Google) -> None:
    google.insert(weekly(attendees=people("ada")))
    google.patch(SECOND, {"attendees": people("ada", "cleo")})
    google.delete("series1", sendUpdates="all")
    assert google.mails() == [(ADA, "cancellation", "series1"), (CLEO, "cancellation", SECOND)]


def test_a_cancelled_meeting_mails_its_own_guests(google: Google) -> None:
    google.insert(weekly(attendees=people("ada")))
    google.patch(SECOND, {"attendees": people("ada", "cleo")})
    google.delete(SECOND, sendUpdates="all")
    assert google.mails() == [(ADA, "cancellation", SECOND), (CLEO, "cancellation", SECOND)]


def test_external_guests_alone_can_be_mailed(google: Google) -> None:
    google.settings(google_domains=["gmail.com"])
    invited = [*people("ada"), {"email": "ben@gmail.com"}, {"email": "cleo@sandbox.example"}]
    google.insert(single(attendees=invited), sendUpdates="externalOnly")
    assert google.mails() == [(ADA, "invitation", "single1")]


def test_a_refused_write_mails_no_one(google: Google) -> None:
    google.insert(single(attendees=people("ada")), sendUpdates="all")
    headers = {"If-Match": '"1"'}
    path = f"/calendars/{CALENDAR}/events/single1?sendUpdates=all"
    assert google.raw("DELETE", path, headers=headers).status == 412
    assert google.mails() == [(ADA, "invitation", "single1")]


def test_the_mails_can_be_forgotten(google: Google) -> None:
    google.insert(single(attendees=people("ada")), sendUpdates="all")
    assert google.control("mails") == {"forgotten": 1}
    assert google.mails() == []
