"""A letter is recorded once, for all its readers or none, and as it was previewed."""

from __future__ import annotations

from collections import Counter
from functools import partial

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django_q.models import OrmQ

from cohorts.errors import Refusal
from cohorts.models import ActivityEntry, Membership, User
from cohorts.outbox.models import Message, MessageChoice
from discordsync.models import DmChannel
from meetings.models import Meeting
from meetings.writing.audience import AudienceKind, choose_members
from meetings.writing.letter_preview import FITS_DISCORD, NO_ADDRESS, read_preview
from meetings.writing.posting import post_letter
from meetings.writing.staff_letter import join_letter
from tests.meetings.writing.conftest import NOW
from tests.support.race import race, tally

LETTER = join_letter("News", "Dear {name}, see you on {next_meeting}.")
ID = "a" * 32


def everyone(academy):
    return choose_members(academy.cohort.pk, AudienceKind.COHORT)


def send(academy, sender, *, letter=LETTER, letter_id=ID, preview=None, members=None):
    members = everyone(academy) if members is None else members
    preview = preview or read_preview(letter, members, NOW)
    return post_letter(
        academy.cohort,
        members,
        letter=letter,
        letter_id=letter_id,
        audience="everyone in the cohort",
        seen=preview.digest,
        seen_readers=frozenset(one.id for one in preview.readers),
        sender=sender,
        now=NOW,
    )


def test_everyone_gets_one_letter_however_many_groups_they_are_in(academy, max_):
    send(academy, max_)
    assert sorted(Message.objects.values_list("user__name", "channel", "state")) == [
        ("Ann", "email", "pending"),
        ("Bo", "email", "pending"),
        ("Fay", "email", "pending"),
    ]
    entry = ActivityEntry.objects.get(kind="letter_sent")
    assert (entry.actor, entry.reason) == (max_.pk, "News")
    assert entry.changes == {"To": ["", "everyone in the cohort"], "People": ["", "3"]}


@pytest.mark.parametrize(
    ("kind", "names"),
    [
        (AudienceKind.FACILITATORS, {"Fay"}),
        (AudienceKind.GROUPS, {"Fay", "Ann"}),
        (AudienceKind.PEOPLE, {"Bo"}),
    ],
)
def test_an_audience_is_a_part_of_the_cohort(academy, max_, kind, names):
    ids = {
        AudienceKind.GROUPS: [academy.groups["A"].pk],
        AudienceKind.PEOPLE: [User.objects.get(name="Bo").pk, max_.pk],
    }
    members = choose_members(academy.cohort.pk, kind, ids.get(kind, ()))
    send(academy, max_, members=members)
    assert set(Message.objects.values_list("user__name", flat=True)) == names


def test_a_second_press_sends_nothing_again(academy, max_):
    send(academy, max_)
    with pytest.raises(Refusal, match="sent already") as refused:
        send(academy, max_)
    assert refused.value.code == "already_sent"
    assert Message.objects.count() == 3
    assert ActivityEntry.objects.filter(kind="letter_sent").count() == 1


def test_who_joined_or_left_since_the_preview_is_named_and_nothing_is_sent(academy, max_):
    preview = read_preview(LETTER, everyone(academy), NOW)
    academy.add_member("Cy", "A")
    Membership.objects.filter(user__name="Bo").update(status="dropped", left_at=NOW)
    with pytest.raises(Refusal) as refused:
        send(academy, max_, preview=preview)
    assert refused.value.sentence == (
        "Since the preview Cy joined the audience and Bo left it. Nothing was sent. "
        "Check the new preview."
    )
    assert not Message.objects.exists()


def test_a_route_or_a_meeting_that_changed_since_the_preview_is_noticed(academy, max_):
    preview = read_preview(LETTER, everyone(academy), NOW)
    Meeting.objects.filter(number=1).update(status=Meeting.Status.CANCELLED)
    with pytest.raises(Refusal, match="a route or a time in the letter is another one now"):
        send(academy, max_, preview=preview)
    User.objects.filter(name="Bo").update(wants_email=False)
    with pytest.raises(Refusal, match="a route or a time"):
        send(academy, max_, preview=preview)
    assert not Message.objects.exists()


def test_the_preview_says_who_is_reached_how_and_who_is_not_and_why(academy):
    ann, bo, fay = (User.objects.get(name=name) for name in ("Ann", "Bo", "Fay"))
    User.objects.filter(pk=ann.pk).update(discord_id=200000000000000001)
    DmChannel.objects.create(discord_id=200000000000000001, last_used_at=NOW, channel_id=5)
    MessageChoice.objects.create(user=ann, topic="letters", route="discord_dm")
    User.objects.filter(pk=bo.pk).update(wants_email=False)
    User.objects.filter(pk=fay.pk).update(email=None)
    preview = read_preview(LETTER, everyone(academy), NOW)
    assert [one.name for one in preview.on_discord] == ["Ann"]
    assert {one.name: one.why_not for one in preview.unreached} == {
        "Bo": "The person turned off messages by e-mail.",
        "Fay": NO_ADDRESS,
    }
    long = join_letter("News", "x" * FITS_DISCORD)
    with pytest.raises(Refusal, match="1 person of the readers chose Discord"):
        read_preview(long, everyone(academy), NOW)


def test_people_whom_nothing_reaches_are_recorded_with_the_others(academy, max_):
    """So that staff find them, and so that an address entered later is used."""
    User.objects.filter(name="Bo").update(email=None)
    User.objects.filter(name="Ann").update(wants_email=False)
    assert [one.name for one in send(academy, max_).reached] == ["Fay"]
    assert Message.objects.count() == 3


@pytest.mark.parametrize("letter", ["", "{nothing}", "{name", "{name!r}"])
def test_a_letter_that_cannot_be_filled_in_is_refused(academy, letter):
    with pytest.raises(Refusal) as refused:
        read_preview(letter, everyone(academy), NOW)
    assert refused.value.code == "bad_letter"


def test_an_empty_audience_is_refused(academy):
    with pytest.raises(Refusal, match="Nobody is in this audience"):
        read_preview(LETTER, everyone(academy).none(), NOW)


def count_queries(academy, sender, letter_id):
    preview = read_preview(LETTER, everyone(academy), NOW)
    with CaptureQueriesContext(
        connection,
    ) as found:
        send(academy, sender, letter_id=letter_id, preview=preview)
    return len(found)


def test_300_people_cost_as_many_queries_as_3(academy, max_):
    few = count_queries(academy, max_, "a" * 32)
    people = User.objects.bulk_create(
        User(email=f"p{n}@example.org", name=f"Person {n}") for n in range(300)
    )
    Membership.objects.bulk_create(
        Membership(user=person, group=academy.groups["A"], cohort=academy.cohort)
        for person in people
    )
    assert count_queries(academy, max_, "b" * 32) == few
    assert Message.objects.count() == 306


class ConnectionLost(Exception):
    pass


@pytest.mark.django_db(transaction=True)
def test_a_fault_at_any_statement_leaves_no_message(academy, max_):
    preview = read_preview(LETTER, everyone(academy), NOW)
    kinds: Counter[str] = Counter()
    for n in range(100):
        left = [n]

        def fail(execute, sql, params, many, context, left=left):
            left[0] -= 1
            found = execute(sql, params, many, context)
            if left[0] < 0:
                kinds[sql.split(" ", 1)[0]] += 1
                raise ConnectionLost  # the statement was carried out, and the next one never is
            return found

        try:
            with connection.execute_wrapper(fail):
                send(academy, max_, preview=preview)
        except ConnectionLost:
            assert not Message.objects.exists()
            assert not ActivityEntry.objects.filter(kind="letter_sent").exists()
            assert not OrmQ.objects.exists()
        else:
            break
    assert kinds["INSERT"] >= 3  # the messages, the wake-up and the record
    assert Message.objects.count() == 3


@pytest.mark.django_db(transaction=True)
def test_two_presses_at_the_same_moment_send_one_letter(academy, max_):
    preview = read_preview(LETTER, everyone(academy), NOW)
    press = partial(send, academy, max_, preview=preview)
    assert tally(race(press, press, press)) == {"done": 1, "already_sent": 2}
    assert Message.objects.count() == 3
