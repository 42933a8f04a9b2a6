"""Pending answers: rows that outlive their process, shown until they are done."""

from __future__ import annotations

from datetime import datetime, timedelta
from io import StringIO

import pytest
from django.core.management import call_command
from django.utils import timezone

from cohorts.models import Installation
from cohorts.reconcile import ownership
from discordsync.bot import pending
from discordsync.bot.models import BotReply
from discordsync.bot.pending import KEPT_FOR, SHOWN_FOR
from discordsync.bot.replies.bot_answer import BotAnswer, FollowUp
from discordsync.bot.replies.rendering import render
from discordsync.bot.replies.requests import BotRequest
from discordsync.bot.replies.users import BotUser
from discordsync.models import DmChannel
from tests.support.cohort import join, make_cohort, work

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("only_discord")]

ADMIN = BotUser(200000000000000099, "Grace", is_admin=True)


def reply(ask: BotRequest, *, user: BotUser = ADMIN, asked_at: datetime | None = None) -> BotReply:
    return BotReply(
        interaction_id=300000000000000001,
        application_id=1,
        token="secret",
        channel_id=400000000000000001,
        discord_id=user.discord_id,
        asker_name=user.called,
        is_admin=user.is_admin,
        request=ask.as_row(),
        requested_at=asked_at or timezone.now(),
    )


def test_the_notice_fits_under_an_answer_of_any_length():
    follow_up = FollowUp(BotRequest("progress"), seconds=SHOWN_FOR.total_seconds())
    long = BotAnswer("\N{SLIGHTLY SMILING FACE}" * 1500, follow_up=follow_up)  # counted twice
    noticed = pending._add_notice(reply(BotRequest("progress")), long, timezone.now())
    assert render(noticed)["content"].endswith(pending.WILL_POST)


def begin(ask: BotRequest) -> pending.ReplyUpdate:
    """An interaction comes, and its first answer is shown."""
    showing = pending.answer_interaction(reply(ask))
    assert showing is not None
    pending.finish_update(showing, arrived=True)
    return showing


def grow_old(by: timedelta) -> None:
    """The row was made so much earlier, and its turn has come."""
    row = BotReply.objects.get()
    BotReply.objects.update(requested_at=row.requested_at - by, next_at=timezone.now())


def go_on() -> pending.ReplyUpdate:
    """What the bot does when an answer's turn comes; it is shown."""
    BotReply.objects.update(next_at=timezone.now())
    (showing,) = pending.answer_due()
    pending.finish_update(showing, arrived=True)
    return showing


def test_the_same_interaction_is_taken_once():
    first = pending.answer_interaction(reply(BotRequest("meetings")))
    assert first is not None
    assert pending.answer_interaction(reply(BotRequest("meetings"))) is None
    pending.finish_update(first, arrived=True)
    assert not BotReply.objects.exists()


def test_an_answer_that_is_held_by_a_living_process_is_left_to_it():
    assert pending.answer_interaction(reply(BotRequest("meetings")))
    assert pending.answer_due() == []


def test_what_did_not_arrive_is_tried_again():
    showing = pending.answer_interaction(reply(BotRequest("meetings")))
    assert showing is not None
    pending.finish_update(showing, arrived=False)
    assert BotReply.objects.get().next_at > timezone.now()
    assert go_on().body == showing.body


def test_only_people_of_the_roster_are_written_down_as_users_of_the_bot():
    pending.answer_interaction(reply(BotRequest("meetings")))
    assert not DmChannel.objects.exists()


def test_from_the_command_to_the_end_and_each_step_survives_its_process(sandbox):
    """Each `go_on` is a process of its own: nothing is kept between them but the row."""
    made = make_cohort(groups=2, members=1)
    join(sandbox, made.people)
    assert (
        "Preparing a preview for"
        in begin(BotRequest("realize", (str(made.cohort.pk),))).answer.text
    )
    assert go_on().body is None  # nothing new, so nothing is written again
    work("discord")
    plan = go_on()
    assert "Realize Spring?" in plan.answer.text
    assert not BotReply.objects.exists()

    confirm = plan.answer.buttons[0].request
    assert confirm is not None
    for _ in range(2):  # the second administrator, or the second tap
        BotReply.objects.all().delete()
        assert "0 of 2 groups" in begin(confirm).answer.text
    work("discord")
    while BotReply.objects.exists():
        showing = go_on()
    assert "2 groups processed: 2 successful, 0 failed" in showing.answer.text


def test_after_a_quarter_of_an_hour_the_end_is_said_in_the_channel_without_names(sandbox):
    made = make_cohort(groups=1, members=2)
    join(sandbox, made.people[:1])
    begin(BotRequest("realize", ("Spring",)))
    work("discord")
    confirm = go_on().answer.buttons[0].request
    assert confirm is not None
    begin(confirm)

    Installation.objects.update(quiet_before=None)  # it is older than what is asked here
    grow_old(SHOWN_FOR - timedelta(seconds=2))
    assert "no longer lets me update this message" in (go_on().body or {})["content"]
    grow_old(timedelta(minutes=1))
    silent = go_on()
    assert (silent.body, silent.public_text) == (None, "")

    work("discord")
    while BotReply.objects.exists():
        showing = go_on()
    assert "Setting up Spring is finished. 1 groups processed: 1 successful" in showing.public_text
    assert made.people[1].display_name not in showing.public_text


@pytest.mark.parametrize("answered", [False, True])
def test_b3_after_a_restore_nothing_is_said_that_the_original_may_have_said(sandbox, answered):
    made = make_cohort(groups=1, members=1)
    join(sandbox, made.people)
    begin(BotRequest("realize", ("Spring",)))
    work("discord")
    confirm = go_on().answer.buttons[0].request
    assert confirm is not None
    begin(confirm)
    work("discord")
    grow_old(SHOWN_FOR)
    call_command("mark_restored", stdout=StringIO())
    if answered:
        ownership.accept_as_original()
        work("discord")
    while BotReply.objects.exists():
        showing = go_on()
    assert "Setting up Spring is finished" in showing.answer.public_text
    assert (showing.body, showing.public_text) == (None, "")


def test_what_no_one_waits_for_any_more_is_forgotten():
    pending.answer_interaction(reply(BotRequest("plan", ("1",))))
    grow_old(KEPT_FOR)
    assert pending.answer_due() == []
    assert not BotReply.objects.exists()


def test_an_error_of_ours_is_answered_and_logged_and_nothing_is_left_pending(monkeypatch, caplog):
    from discordsync.bot import handlers

    def fail(*_: object) -> None:
        raise RuntimeError("secret detail")

    broken = handlers.Handler(fail, for_admins=True)
    monkeypatch.setitem(handlers.HANDLERS, "meetings", broken)
    showing = pending.answer_interaction(reply(BotRequest("meetings")))
    assert showing is not None
    assert showing.answer.text == handlers.ERROR
    assert "could not respond" in caplog.text


@pytest.mark.parametrize("verb", ["realize", "plan", "confirm"])
def test_a_person_who_is_no_administrator_is_refused_with_any_button(verb):
    showing = pending.answer_interaction(
        reply(BotRequest(verb, ("1",)), user=BotUser(5, "Mallory"))
    )
    assert showing is not None
    assert "Only administrators" in showing.answer.text


@pytest.mark.parametrize(
    "ask",
    [
        BotRequest("nothing"),
        BotRequest("book", (1,)),
        BotRequest("book", ("a", "b")),
        BotRequest("progress", ("1", "x", 0)),
    ],
)
def test_a_made_up_or_outdated_button_does_nothing(ask):
    showing = pending.answer_interaction(reply(ask))
    assert showing is not None
    assert "This button is out of date." in showing.answer.text


def test_a_plan_that_is_no_longer_kept_is_reported():
    showing = pending.answer_interaction(reply(BotRequest("confirm", ("999-1000",))))
    assert showing is not None
    assert "has expired" in showing.answer.text


def test_a_cohort_that_is_not_there_or_has_nothing_to_realize_is_reported():
    assert "no cohort" in begin(BotRequest("realize", ("Nothing",))).answer.text
    make_cohort(groups=0)
    assert "have ended, or it has none" in begin(BotRequest("realize", ("Spring",))).answer.text
