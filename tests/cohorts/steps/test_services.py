"""A step waits, is checked again, and is carried out once."""

from __future__ import annotations

from datetime import timedelta

import pytest

from cohorts.errors import Refusal
from cohorts.models import Cohort, CohortStep, Installation
from cohorts.outbox.collecting import collect
from cohorts.outbox.models import Message
from cohorts.outbox.registry import MessageObsolete
from cohorts.outbox.rendering.render import render
from cohorts.steps.letters import check_letter, fill_letter
from cohorts.steps.messages import pending_step_letters
from cohorts.steps.services import ask_for_step, carry_out_step, undo_step
from cohorts.steps.tasks import carry_out_due
from tests.cohorts.steps.conftest import NOW, WorkerKilled
from tests.support.race import race

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("without_providers")]

MINUTE = timedelta(minutes=1)
DUE = NOW + 10 * MINUTE


def ask(rename, academy, name: str = "Spring", **more) -> CohortStep:
    wanted = CohortStep(cohort=academy.cohort, kind="rename", params={"name": name})
    more = {"seen": rename.preview(wanted, NOW).digest, "now": NOW, "by": None, **more}
    return ask_for_step("rename", academy.cohort.pk, wanted.params, **more)


def name_of(academy) -> str:
    return Cohort.objects.get(pk=academy.cohort.pk).name


def test_a_step_is_carried_out_once_when_it_is_due_with_one_letter_per_person(rename, academy):
    Installation.objects.ensure(NOW - timedelta(days=1))
    Cohort.objects.update(first_known_at=NOW - timedelta(days=1))
    letter = "New: {old}\n\nBye, {name}"
    step = ask(rename, academy, letter=letter, reason="a mistake")
    again = ask(rename, academy, letter=letter, reason="a mistake")
    assert again == step, "a second click"
    assert carry_out_due(DUE - MINUTE) == 0
    assert name_of(academy) == "Autumn"

    assert carry_out_due(DUE) == 1
    assert carry_out_due(DUE) == 0
    assert name_of(academy) == "Spring"
    step.refresh_from_db()
    assert (step.state, step.record) == ("done", {"before": "Autumn"})
    with pytest.raises(Refusal) as refused:
        undo_step(step.pk, now=DUE)
    assert refused.value.code == "step_over"

    collect(None, now=DUE)
    collect(None, now=DUE + MINUTE)
    letters = Message.objects.filter(kind="step_letter", user__isnull=False)
    assert sorted(one.user.name for one in letters) == ["Ann", "Bea"]
    assert Message.objects.filter(kind="step_letter", user=None).count() == 2
    content = render(letters.get(user__name="Ann"), DUE)
    assert content.subject == "New: Autumn"
    assert "Bye, Ann" in content.text


def test_the_letters_of_a_step_are_not_read_again_each_minute(rename, academy):
    ask(rename, academy)
    carry_out_due(DUE)
    assert len(list(pending_step_letters(None, DUE - MINUTE, DUE))) == 4
    later = DUE + timedelta(hours=1)
    assert list(pending_step_letters(None, later, later + MINUTE)) == []


def test_another_letter_for_a_change_that_waits_is_not_lost_silently(rename, academy):
    waiting = ask(rename, academy)
    for changed in ({"letter": "Another letter"}, {"reason": "a typo"}):
        with pytest.raises(Refusal) as refused:
            ask(rename, academy, **changed)
        assert refused.value.code == "already_waiting"
    assert ask(rename, academy) == waiting
    undo_step(waiting.pk, now=NOW)
    assert ask(rename, academy, letter="Another letter").letter == "Another letter"


def test_undo_while_waiting_leaves_everything_and_sends_nothing(rename, academy):
    step = ask(rename, academy)
    undo_step(step.pk, now=NOW + MINUTE)
    undo_step(step.pk, now=NOW + 2 * MINUTE)
    carry_out_due(DUE)
    assert name_of(academy) == "Autumn"
    assert CohortStep.objects.get().state == "undone"


def test_what_no_longer_holds_is_stopped_and_whoever_asked_is_told(rename, academy):
    Installation.objects.ensure(NOW - timedelta(days=1))
    olga = academy.add_person("Olga", is_staff=True)
    stale = ask(rename, academy, by=olga.pk)
    academy.add_member("Cleo", "A")
    refused = CohortStep.objects.create(
        cohort=academy.cohort, kind="gone", digest="x", asked_at=NOW, due_at=DUE
    )
    carry_out_due(DUE)
    stale.refresh_from_db()
    refused.refresh_from_db()
    assert (stale.state, refused.state) == ("stopped", "stopped")
    assert name_of(academy) == "Autumn"
    collect(None, now=DUE)
    (email,) = Message.objects.filter(kind="step_stopped")
    assert email.user == olga
    assert "Something changed after the preview" in render(email, DUE).text
    with pytest.raises(Refusal) as known:
        ask(rename, academy, seen="something else")
    assert known.value.code == "facts_changed"


def test_one_failing_step_stops_no_other(rename, academy):
    broken = ask(rename, academy, "Broken")
    fine = ask(rename, academy)
    carry_out_due(DUE)
    fine.refresh_from_db()
    broken.refresh_from_db()
    assert (broken.state, fine.state) == ("waiting", "done")
    assert name_of(academy) == "Spring"


def test_a_failing_step_alarms_once_tells_the_person_who_asked_and_is_stopped_after_a_day(
    rename, academy, caplog
):
    Installation.objects.ensure(NOW - timedelta(days=1))
    olga = academy.add_person("Olga", is_staff=True)
    broken = ask(rename, academy, "Broken", by=olga.pk)
    for minutes in range(8):
        carry_out_due(DUE + minutes * MINUTE)
        collect(None, now=DUE + minutes * MINUTE)
    assert [one.levelname for one in caplog.records if "carried out" in one.message] == [
        "ERROR",
        *["WARNING"] * 7,
    ]
    broken.refresh_from_db()
    assert (broken.is_failing, broken.failing_since) == (True, DUE)
    (email,) = Message.objects.filter(kind="step_stopped")
    assert (email.user, email.due_at) == (olga, DUE + 5 * MINUTE)
    content = render(email, DUE + 8 * MINUTE)
    assert "an error in Lens" in content.text
    assert "was not carried out" not in content.text

    carry_out_due(DUE + timedelta(days=1))
    broken.refresh_from_db()
    assert (broken.state, name_of(academy)) == ("stopped", "Autumn")
    collect(None, now=DUE + timedelta(days=1))
    last = Message.objects.filter(kind="step_stopped").latest("pk")
    assert "prevented it for a day" in render(last, DUE + timedelta(days=1)).text


def test_an_email_about_a_failing_step_that_was_carried_out_meanwhile_is_not_sent(rename, academy):
    Installation.objects.ensure(NOW - timedelta(days=1))
    broken = ask(rename, academy, "Broken", by=academy.add_person("Olga", is_staff=True).pk)
    carry_out_due(DUE)
    collect(None, now=DUE + 5 * MINUTE)
    CohortStep.objects.filter(pk=broken.pk).update(params={"name": "Mended"})
    CohortStep.objects.update(digest=rename.preview(CohortStep.objects.get(), DUE).digest)
    carry_out_due(DUE + 6 * MINUTE)
    assert name_of(academy) == "Mended"
    with pytest.raises(MessageObsolete):
        render(Message.objects.get(kind="step_stopped"), DUE + 6 * MINUTE)


def test_a_step_that_has_the_worker_killed_comes_after_the_others_and_counts_as_failing(
    rename, academy
):
    deadly = ask(rename, academy, "Deadly")
    for minutes in range(3):
        other = CohortStep.objects.create(
            cohort=academy.cohort, kind="gone", asked_at=NOW, due_at=DUE + minutes * MINUTE
        )
        with pytest.raises(WorkerKilled):
            carry_out_due(DUE + minutes * MINUTE)
        other.refresh_from_db()
        assert (minutes, other.state) == (minutes, "stopped" if minutes else "waiting")
    deadly.refresh_from_db()
    assert (deadly.is_failing, deadly.attempts) == (True, 3)


@pytest.mark.django_db(transaction=True)
def test_undo_in_the_last_second_has_one_winner(rename, academy):
    for n in range(4):
        step = ask(rename, academy, f"Name {n}")
        race(
            lambda step=step: undo_step(step.pk, now=DUE),
            lambda step=step: carry_out_step(step.pk, now=DUE),
        )
        step.refresh_from_db()
        assert step.state in {"done", "undone"}
        assert (name_of(academy) == f"Name {n}") == (step.state == "done")


def test_letters_refuse_what_they_could_not_fill():
    known = ["name", "visit"]
    check_letter("Hello {name}\n{visit}", known)
    for bad in ("", " \n", "{", "}", "{other}", "{}", "{name.x}", "{name!r}", "{name:>9}", "{0}"):
        with pytest.raises(Refusal):
            check_letter(bad, known)
    said = fill_letter("For {name}\n{visit}\nBye", {"name": "{Bo}", "visit": ""})
    assert said == ("For {Bo}", ("Bye",))
