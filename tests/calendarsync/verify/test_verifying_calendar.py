"""`verify_services` finds out how the calendar behaves, and leaves it as it was."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from calendarsync.selectors import guest_invitation
from calendarsync.state import ids
from cohorts.reconcile.models import ProviderState, ScratchObject
from cohorts.reconcile.workers import lease
from cohorts.services.installation import break_seal
from tests.calendarsync.seen import SeenCalendar
from tests.support.academy import Academy
from tests.support.conformance import Conformance
from tests.support.spread import in_matrix, thin
from tests.support.verifying import MOST_CALLS, Verify, found, is_clean, kill_at, kill_at_each

A, B = "operator@courses.example", "second@courses.example"
ONE = ("--only", "calendar", "--address", A)
TWO = (*ONE, "--address", B)
SLOW = ("--only", "calendar", "--slow")
PARTS = 5  # of the matrix of kills
CALLS = 43  # of a run with one address; a test holds the number to the truth


def is_scratch(event_id: str) -> bool:
    return event_id.startswith("lenscheck")


def what_is_there(calendar: SeenCalendar) -> Any:
    """All events but cancelled scratch ones, which stay at Google for ever, and the mails."""
    world = calendar.sandbox.get("state")["google"]
    cancelled = {
        pk
        for pk, event in world["events"].items()
        if is_scratch(pk)
        and world["events"].get(event["series"] or pk, event)["status"] == "cancelled"
    }
    return {pk: one for pk, one in world["events"].items() if pk not in cancelled}, world["mails"]


@pytest.mark.django_db
def test_it_confirms_what_the_sandbox_assumes_and_leaves_the_calendar_as_it_was(
    realized: Academy, calendar: SeenCalendar, verify: Verify
) -> None:
    before, seen = what_is_there(calendar), calendar.sandbox.last
    said = verify(*ONE)
    calls = calendar.calls_since(seen)
    assert len(calls) == CALLS <= MOST_CALLS, said
    assert what_is_there(calendar) == before
    assert is_clean()
    untried = {name for name, (verdict, _) in found().items() if verdict == "not tried"}
    assert untried == {"left_out", "alias", "own_entry", "kept_answers", "mails"}, said
    assert {verdict for verdict, _ in found().values()} == {"confirmed", "not tried"}, said
    assert A not in str(found())


WAYS = [
    {"exceptions": "left_alone", "etags": "own", "set_responses": "honoured", "cancelled": "named"},
    {"exceptions": "overwritten", "etags": "family", "cancelled": "bare", "set_responses": "reset"},
    {"exceptions": "merged", "etags": "own", "cancelled": "whole", "set_responses": "reset"},
]


@pytest.mark.django_db
@pytest.mark.parametrize(
    "way", thin(WAYS, every=1, always=[WAYS[1]]), ids=lambda way: way["exceptions"]
)
def test_it_finds_the_way_that_google_behaves(
    calendar: SeenCalendar, verify: Verify, way: dict[str, str]
) -> None:
    calendar.behave(**way)
    said = verify(*TWO)
    values = {name: value for name, (_, value) in found().items()}
    assert values["exceptions"] == way["exceptions"], said
    assert values["etags"] == way["etags"], said
    assert values["set_responses"] == way["set_responses"], said
    kept = "confirmed" if way["set_responses"] == "honoured" else "not tried"
    assert found()["kept_answers"][0] == kept, said
    assert values["cancelled_fields"] == way["cancelled"], said


@pytest.mark.matrix
@pytest.mark.django_db
def test_it_finds_missing_fields_other_addresses_and_the_accounts_own_entry(
    calendar: SeenCalendar, verify: Verify
) -> None:
    calendar.behave(
        left_out=["updated", "organizer"],
        aliases={A: "op@courses.example"},
        organizer_attends=True,
    )
    said = verify(*ONE)
    assert found()["left_out"] == ("confirmed", "updated, organizer"), said
    assert found()["alias"][0] == found()["own_entry"][0] == "confirmed", said


@pytest.mark.matrix
@pytest.mark.django_db
def test_without_delegation_or_an_address_nobody_is_invited(
    calendar: SeenCalendar, verify: Verify
) -> None:
    verify("--only", "calendar")
    assert found()["exceptions"] == ("not tried", "")
    calendar.behave(delegation=False)
    assert "The account may not invite people" in verify(*ONE)
    assert is_clean()


# -- mails -----------------------------------------------------------------------------------------


@pytest.mark.django_db
@pytest.mark.parametrize("way", [in_matrix("everybody"), "concerned"])
def test_guests_are_invited_in_the_way_that_suits_how_google_mails(
    calendar: SeenCalendar, verify: Verify, settings: Any, way: str
) -> None:
    def look_into_the_mailbox() -> str:
        mails = calendar.sandbox.get("state")["google"]["mails"]
        return "y" if any(mail["to"] == A for mail in mails) else "n"

    calendar.behave(mails=way)
    assert guest_invitation() == "instance"
    verify(*TWO, answers=[lambda: "y", look_into_the_mailbox])
    assert found()["mails"] == ("confirmed", way)
    assert guest_invitation() == ("own_event" if way == "everybody" else "instance")
    verify(*TWO)
    assert found()["mails"] == ("confirmed", way), "not trying again forgets nothing"
    settings.CALENDAR_GUEST_INVITATION = "instance"
    assert guest_invitation() == "instance", "the environment decides"


@pytest.mark.django_db
@pytest.mark.parametrize("answer", [in_matrix(""), "n", in_matrix("later")])
def test_without_consent_no_mail_is_sent(
    calendar: SeenCalendar, verify: Verify, answer: str
) -> None:
    verify(*TWO, answers=[lambda: answer])
    assert found()["mails"][0] == "not tried"
    assert calendar.sandbox.get("state")["google"]["mails"] == []


# -- limits ----------------------------------------------------------------------------------------


@pytest.mark.matrix
@pytest.mark.django_db
def test_a_listing_without_end_uses_up_the_calls_and_no_more(
    calendar: SeenCalendar, verify: Verify
) -> None:
    calendar.behave(endless=True)
    seen = calendar.sandbox.last
    said = verify(*ONE)
    assert len(calendar.calls_since(seen)) == MOST_CALLS
    assert found()["etags"][0] == "confirmed"
    assert "own_writes: A listing of changes contains our own writes. The 60 calls" in said
    assert is_clean()


@pytest.mark.django_db
def test_a_copy_and_a_paused_provider_are_not_touched(
    calendar: SeenCalendar, verify: Verify
) -> None:
    lease.ensure_state("calendar")
    ProviderState.objects.update(paused_at=calendar.now)
    assert "stopped" in verify(*ONE)
    ProviderState.objects.update(paused_at=None)
    break_seal()
    assert "stopped" in verify(*ONE)
    assert calendar.calls_since(0) == []


@pytest.mark.matrix
@pytest.mark.django_db
def test_it_waits_for_a_worker_and_no_worker_syncs_meanwhile(
    calendar: SeenCalendar, verify: Verify
) -> None:
    held = lease.take("calendar")
    assert held
    assert "A worker is using it" in verify(*ONE)
    held.release()
    assert calendar.calls_since(0) == []


# -- what it leaves while it runs ------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_a_sync_ignores_scratch_events_and_the_next_run_removes_them(
    realized: Academy, calendar: SeenCalendar, verify: Verify
) -> None:
    before = what_is_there(calendar)
    kill_at(calendar.sandbox, "google", 9, *ONE)
    events, _ = what_is_there(calendar)
    scratch = {pk for pk in events if is_scratch(pk)}
    assert scratch
    assert all(ids.read_id(pk) is None for pk in scratch)
    ProviderState.objects.update(fully_observed_at=None)
    calendar.look()
    state = ProviderState.objects.get(provider="calendar")
    assert (state.orphans, calendar.troubles()) == ("", {})
    assert scratch <= set(what_is_there(calendar)[0]), "no pass removes them"
    verify("--only", "calendar")
    assert what_is_there(calendar) == before
    assert is_clean()


@pytest.mark.matrix
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("part", range(PARTS))
def test_killed_after_any_call_the_next_run_leaves_nothing(
    calendar: SeenCalendar, verify: Verify, part: int
) -> None:
    kill_at_each(
        calendar.sandbox,
        "google",
        range(1 + part, CALLS + 1, PARTS),
        *ONE,
        clean=lambda: verify(*SLOW, "read"),  # nothing was started: it only removes what is left
        look=lambda: what_is_there(calendar),
    )


@pytest.mark.matrix
@pytest.mark.django_db
@pytest.mark.conformance
def test_its_calls_are_what_google_specifies(
    calendar: SeenCalendar, verify: Verify, conformance: Conformance
) -> None:
    verify(*TWO, answers=[lambda: "y"])
    wrong = conformance.find_violations("google", calendar.calls_since(0))
    assert len(wrong) == 1, wrong
    assert "same address twice" in wrong[0], "which is what it tries"


# -- slow ------------------------------------------------------------------------------------------


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("days", "token", "deleted"),
    [
        in_matrix(1, ("waiting", ""), ("waiting", "")),
        in_matrix(8, ("confirmed", "expired within 8 days"), ("waiting", "")),
        (40, ("confirmed", "expired within 40 days"), ("confirmed", "gone within 40 days")),
    ],
)
def test_slow_ones_are_started_and_read_later(
    calendar: SeenCalendar, verify: Verify, days: int, token: Any, deleted: Any
) -> None:
    verify(*SLOW, "start")
    assert set(found().values()) == {("waiting", "")}
    calendar.move_clock(calendar.now + timedelta(days=days))
    verify(*ONE)
    said = verify(*SLOW, "read")
    assert (found()["sync_token"], found()["deleted_later"]) == (token, deleted), said
    left = ScratchObject.objects.count()
    assert left == (deleted[0] == "waiting"), "what waits is kept, by ordinary runs too"


@pytest.mark.matrix
@pytest.mark.django_db
def test_slow_ones_are_refuted_by_a_service_that_behaves_otherwise(
    calendar: SeenCalendar, verify: Verify
) -> None:
    calendar.behave(token_days=2, deleted_days=3)
    verify(*SLOW, "start")
    calendar.move_clock(calendar.now + timedelta(days=4))
    said = verify(*SLOW, "read")
    assert "Lens lists everything when a token has expired." in said
    assert found()["sync_token"] == ("refuted", "expired within 4 days")
    assert found()["deleted_later"] == ("refuted", "gone within 4 days")
    assert is_clean()
