"""Erasing empties what staff wrote about the person, and letters and posts that name them."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any

import pytest
from django.db import connection, connections, transaction

from cohorts.activity.recording import acting_as, record
from cohorts.errors import Refusal
from cohorts.models import (
    AccessException,
    ActivityEntry,
    CohortStep,
    ErasureRequest,
    Group,
    Membership,
    User,
)
from cohorts.outbox.models import Message
from cohorts.outbox.registry import MessageObsolete
from cohorts.outbox.rendering.render import get_content
from cohorts.services.groups import end_group
from cohorts.services.memberships import end_membership
from cohorts.steps.messages import write_letter
from cohorts.steps.registry import step_kinds
from cohorts.steps.services import ask_for_step, carry_out_step
from guestvisits.models import GuestVisit, SubstituteOffer, Substitution
from lens.personal_data.erasure import (
    approve_erasure,
    ask_for_erasure,
    complete_erasures,
    preview_erasure,
    withdraw_erasure,
)
from meetings.models import MeetingMove
from meetings.moving.moves import Cancel
from meetings.moving.services import carry_out as carry_out_move
from tests.lens.personal_data.test_erasing import find_in_database
from tests.support.academy import Academy
from tests.support.clock import SetClock
from tests.support.processes import wait_until
from tests.support.refused_rows import forbid_writing

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("without_providers"),
]

NOW = datetime(2027, 1, 4, 12, tzinfo=UTC)
NAME = "Zerubabel"


@pytest.fixture
def academy(set_clock: SetClock) -> Academy:
    """Zerubabel leads group A, in which Ann is; Bea is in B."""
    set_clock(NOW)
    academy = Academy(NOW, groups="ABC")
    Group.objects.update(activated_at=NOW)
    academy.add_facilitator(NAME, "A", timezone="Europe/Berlin")
    academy.add_member("Ann", "A")
    academy.add_member("Bea", "B")
    return academy


def carry_out(academy: Academy, kind: str, params: dict[str, Any], **said: Any) -> CohortStep:
    wanted = CohortStep(cohort=academy.cohort, kind=kind, params=params, **said)
    seen = step_kinds[kind].preview(wanted, NOW).digest
    step = ask_for_step(kind, academy.cohort.pk, params, seen=seen, by=None, now=NOW, **said)
    return carry_out_step(step.pk, now=step.due_at)


def erase(person: User) -> None:
    root = User.objects.create_superuser("root@example.org", "a long password", name="Root")
    for membership in person.memberships.filter(status="active"):
        end_membership(membership.pk, status=Membership.Status.DROPPED, now=NOW)
    approve_erasure(person.pk, by=root.pk, now=NOW)
    assert complete_erasures(NOW) == 1


def test_letters_posts_and_reasons_name_the_person_no_longer(academy: Academy) -> None:
    person, ann, bea = (User.objects.get(name=name) for name in (NAME, "Ann", "Bea"))
    move = Cancel(academy.meeting("A", 2).pk)
    carry_out_move(move, by=None, now=NOW, reason=f"{NAME} is ill")
    AccessException.objects.create(
        user=bea, group=academy.groups["A"], until=NOW, reason=f"helps {NAME}"
    )
    GuestVisit.objects.create(
        user=bea,
        home_meeting=academy.meeting("B", 3),
        host_meeting=academy.meeting("A", 3),
        overruled="host_full",
        overruled_why=f"wants to meet {NAME.upper()}",
        ended_at=NOW,
        end_reason="cancelled",
    )
    step = carry_out(
        academy,
        "merge",
        {
            "source_id": academy.groups["A"].pk,
            "target_id": academy.groups["B"].pk,
            "raise_size": False,
            "facilitators_come": True,
            "guests_come": True,
        },
        reason=f"{NAME} has less time",
    )
    assert any(NAME in text for text in find_in_database(NAME)), "the letters name who leads"
    erase(person)
    assert find_in_database(NAME) == []
    step.refresh_from_db()
    assert set(step.letters[str(person.pk)].values()) == {""}
    _, lines = write_letter(step, "Ann", step.letters[str(ann.pk)])
    assert any("You can read the channels of Group A" in line for line in lines), "the rest stays"


def test_reasons_that_the_person_wrote_are_emptied_and_those_of_others_stay(
    academy: Academy,
) -> None:
    person, bea = (User.objects.get(name=name) for name in (NAME, "Bea"))
    for author, group in ((person, "A"), (bea, "B")):
        with acting_as(author.pk):
            move = Cancel(academy.meeting(group, 2).pk)
            carry_out_move(move, by=author.pk, now=NOW, reason="I am ill")
            record("changed", group=academy.groups[group], reason="I am ill")
    erase(person)
    moves = MeetingMove.objects.exclude(by=None).values_list("by", "reason")
    assert set(moves) == {(person.pk, ""), (bea.pk, "I am ill")}
    reasons = ActivityEntry.objects.filter(actor__in=[person.pk, bea.pk])
    assert set(reasons.values_list("actor", "reason")) == set(moves)


def test_a_substitute_is_forgotten_in_the_group_where_they_led_once(academy: Academy) -> None:
    person, bea = User.objects.get(name=NAME), User.objects.get(name="Bea")
    meeting = academy.meeting("B", 2)
    away = academy.add_facilitator("Fay", "B")
    substitution = Substitution.objects.create(
        meeting=meeting, away=away, chosen_start=meeting.starts_at
    )
    SubstituteOffer.objects.create(
        substitution=substitution, user=person, answer="yes", answered_at=NOW
    )
    AccessException.objects.create(
        user=person, group=academy.groups["A"], until=NOW, reason="a visit"
    )
    for group in "AB":
        Message.objects.create(
            key=f"{group}:1",
            kind="substitute_found",
            channel="email",
            group=academy.groups[group],
            user=bea,
            due_at=NOW,
            cutoff_at=NOW,
            state="sent",
            sent_at=NOW,
            body=f"{NAME} leads this meeting.",
        )
    Membership.objects.filter(user=person).update(group=academy.groups["C"])
    erase(person)
    assert find_in_database(NAME) == []


def test_reopening_brings_back_no_one_who_was_erased(academy: Academy) -> None:
    person = User.objects.get(name=NAME)
    end = carry_out(academy, "end", {"groups": [], "status": "completed"})
    assert person.memberships.get().status == "completed"
    erase(person)
    reopened = carry_out(academy, "reopen", {"step": end.pk})
    assert reopened.state == CohortStep.State.DONE
    assert person.memberships.get().status == "completed"
    assert User.objects.get(name="Ann").memberships.get().status == "active"


def test_one_person_who_cannot_be_erased_does_not_keep_the_next(academy: Academy) -> None:
    root = User.objects.create_superuser("root@example.org", "a long password", name="Root")
    first, second = User.objects.get(name="Ann"), User.objects.get(name="Bea")
    for person, group in ((first, "A"), (second, "B")):
        end_group(academy.groups[group].pk, status="completed", now=NOW)
        approve_erasure(person.pk, by=root.pk, now=NOW)
    with forbid_writing("cohorts_user", first.pk):
        assert complete_erasures(NOW) == 1
    assert User.objects.get(pk=first.pk).name == "Ann"
    assert User.objects.get(pk=second.pk).name == ""
    assert complete_erasures(NOW) == 1


def test_an_edited_reminder_names_the_person_no_longer(academy: Academy) -> None:
    person, ann = User.objects.get(name=NAME), User.objects.get(name="Ann")
    for user, letter in ((ann, f"Dear {{name}}, {NAME} misses you"), (ann, "Dear {name}")):
        Message.objects.create(
            key=letter,
            kind="join_reminder",
            channel="email",
            user=user,
            context={"letter": letter},
            due_at=NOW,
            cutoff_at=NOW,
        )
    erase(person)
    rest = Message.objects.filter(kind="join_reminder").values_list("context", flat=True)
    assert sorted(map(str, rest)) == ["{'letter': 'Dear {name}'}", "{}"]


def test_a_letter_of_staff_names_the_person_no_longer_and_goes_to_no_one(academy: Academy) -> None:
    """It stays one line in the cohort's history, with its writer."""
    person, ann = User.objects.get(name=NAME), User.objects.get(name="Ann")
    for n, letter in enumerate((f"News\n{NAME} misses you", "News\nDear {name}")):
        Message.objects.create(
            key=f"staff_letter:{n}",
            kind="staff_letter",
            channel="email",
            user=ann,
            group=academy.groups["A"],
            context={"letter": letter, "letter_id": str(n), "sender": ann.pk},
            due_at=NOW,
            cutoff_at=NOW,
        )
    erase(person)
    first, second = Message.objects.filter(kind="staff_letter").order_by("key")
    assert first.context == {"letter": "", "letter_id": "0", "sender": ann.pk}
    assert second.context["letter"] == "News\nDear {name}"
    with pytest.raises(MessageObsolete, match="data was erased"):
        get_content(first, NOW)


def test_a_request_that_is_withdrawn_while_it_is_approved_is_not_lost(academy: Academy) -> None:
    root = User.objects.create_superuser("root@example.org", "a long password", name="Root")
    end_group(academy.groups["A"].pk, status="completed", now=NOW)
    pk = User.objects.get(name="Ann").pk
    ask_for_erasure(pk, now=NOW)
    with ThreadPoolExecutor(1) as others:
        with transaction.atomic():
            approve_erasure(pk, by=root.pk, now=NOW)
            withdrawn = others.submit(_withdraw, pk)
            wait_until(_someone_waits, 30, "nobody waited for the approval")
        assert withdrawn.result() == "erasure_begun"
    assert ErasureRequest.objects.get(user=pk).state == ErasureRequest.State.APPROVED


def _withdraw(user_id: int) -> str:
    try:
        withdraw_erasure(user_id)
    except Refusal as refusal:
        return refusal.code
    finally:
        connections.close_all()
    return ""


def _someone_waits() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_locks WHERE NOT granted")
        return bool(cursor.fetchone()[0])


def test_a_visit_whose_meeting_is_over_is_still_an_obstacle_whose_sentence_offers_to_wait(
    academy: Academy, set_clock: SetClock
) -> None:
    """Such a visit cannot be cancelled. Access to its channels ends days later."""
    ann = User.objects.get(name="Ann")
    home, host = academy.meeting("A"), academy.meeting("B")
    end_membership(ann.memberships.get().pk, status=Membership.Status.COMPLETED, now=NOW)
    GuestVisit.objects.create(user=ann, home_meeting=home, host_meeting=host, booked_at=NOW)
    set_clock(host.ends_at)
    [obstacle] = preview_erasure(ann).obstacles
    assert "or wait until its access has ended" in obstacle
