"""What the bot sees is written down: once, only in our channels, and no longer than is known."""

from __future__ import annotations

import pytest
from django.db import IntegrityError, transaction

from discordsync.attendance.voice_recording import doubt, forget_before, record_voice_states
from discordsync.models import DiscordObject, VoiceCoverage, VoiceSession
from tests.discordsync.attendance.conftest import ELSEWHERE
from tests.support.race import DONE, race


def test_coming_going_and_coming_back_are_two_sessions(evening):
    evening.add("Alice")
    evening.go("Alice", "A", -3)
    evening.go("Alice", None, 10)
    evening.go("Alice", "A", 20)
    assert evening.stays("Alice") == [(-3, 10), (20, None)]


def test_the_same_observation_again_changes_nothing(evening, django_assert_num_queries):
    evening.add("Alice")
    evening.go("Alice", "A", 0)
    evening.look(1)
    evening.look(2)
    assert evening.stays("Alice") == [(0, None)]
    assert VoiceCoverage.objects.count() == 2  # one for each of our channels
    here = {evening.channel("A"): [evening.account("Alice")], evening.channel("B"): []}
    now = evening.at(3)
    with django_assert_num_queries(6):  # two of them begin and end the transaction
        record_voice_states(evening.ear, here, now=now)


def test_going_to_another_channel_ends_one_session_and_begins_another(evening):
    evening.add("Alice")
    evening.go("Alice", "A", 0)
    evening.go("Alice", "B", 7)
    assert evening.stays("Alice") == [(0, 7), (7, None)]
    channels = VoiceSession.objects.values_list("coverage__channel_id", flat=True)
    assert list(channels) == [evening.channel("A"), evening.channel("B")]


def test_nothing_is_written_down_of_other_channels(evening):
    evening.add("Alice")
    evening.places["Alice"] = ELSEWHERE
    evening.look(0)
    assert evening.stays("Alice") == []
    assert not VoiceCoverage.objects.filter(channel_id=ELSEWHERE).exists()
    evening.go("Alice", "A", 1)
    evening.places["Alice"] = ELSEWHERE
    evening.look(4)
    assert evening.stays("Alice") == [(1, 4)]


def test_a_session_recorded_by_a_bot_that_died_ends_when_it_was_last_known(evening):
    evening.add("Alice", "Bob")
    evening.go("Alice", "A", 0)
    evening.go("Bob", "A", 5)
    evening.look(12)
    evening.ear = "after the restart"
    evening.go("Bob", None, 20)
    assert evening.stays("Alice") == [(0, 12), (20, None)]
    assert evening.stays("Bob") == [(5, 12)]


def test_a_channel_that_is_no_longer_observed_has_no_coverage(evening):
    evening.add("Alice")
    evening.go("Alice", "A", 0)
    evening.look(10)
    evening.look(20, channels="B")
    evening.look(30, channels="B")
    assert evening.stays("Alice") == [(0, 10)]
    heard = dict(VoiceCoverage.objects.values_list("channel_id", "covered_until"))
    assert heard == {evening.channel("A"): evening.at(10), evening.channel("B"): evening.at(30)}


def test_a_channel_that_is_observed_again_has_no_coverage_in_between(evening):
    evening.add("Alice")
    evening.go("Alice", "A", 0)
    evening.look(10)
    evening.look(20, channels="B")
    evening.look(30)
    evening.look(40)
    assert evening.stays("Alice") == [(0, 10), (30, None)]
    watches = VoiceCoverage.objects.filter(channel_id=evening.channel("A")).order_by("pk")
    assert [(row.since, row.covered_until) for row in watches] == [
        (evening.at(0), evening.at(10)),
        (evening.at(30), evening.at(40)),
    ]


def test_a_channel_that_staff_gave_to_another_group_counts_for_that_group(evening):
    evening.add("Alice")
    evening.go("Alice", "A", 0)
    b = evening.academy.groups["B"]
    DiscordObject.objects.filter(group=b).delete()
    DiscordObject.objects.filter(outside_id=evening.channel("A")).update(group=b)
    evening.look(5)
    evening.look(9)
    assert evening.stays("Alice") == [(0, 0), (5, None)]
    groups = VoiceSession.objects.order_by("pk").values_list("coverage__group__name", flat=True)
    assert list(groups) == ["Group A", "Group B"]


def test_a_channel_that_is_recorded_later_has_coverage_from_then_on(evening):
    evening.add("Alice")
    record = DiscordObject.objects.get(outside_id=evening.channel("A"))
    DiscordObject.objects.filter(pk=record.pk).update(outside_id=None)
    evening.go("Alice", "A", 0)
    DiscordObject.objects.filter(pk=record.pk).update(outside_id=evening.channel("A"))
    evening.look(9)
    assert evening.stays("Alice") == [(9, None)]
    assert VoiceCoverage.objects.get(channel_id=evening.channel("A")).since == evening.at(9)


def test_a_broken_connection_puts_the_last_moments_in_doubt(evening):
    evening.add("Alice", "Bob")
    evening.go("Alice", "A", 0)
    evening.go("Bob", "A", 9)
    evening.look(10)
    doubt(evening.ear)
    assert set(VoiceCoverage.objects.values_list("covered_until", flat=True)) == {evening.at(8)}
    evening.ear = "after it came back"
    evening.look(15)
    assert evening.stays("Alice") == [(0, 8), (15, None)]
    assert evening.stays("Bob") == [(9, 9), (15, None)]


def test_two_bots_at_once_write_one_session_and_either_may_stop(evening):
    # Bound to happen when a new version is started before the old one is stopped.
    evening.add("Alice", "Bob")
    evening.go("Alice", "A", 0)
    evening.ear = "second"
    evening.look(0.1)
    evening.ear = "first"
    evening.go("Bob", "A", 1)
    for minute in (1.1, 2, 3, 4):
        evening.ear = "second"
        evening.look(minute)
    assert evening.stays("Alice") == [(0, 0), (0.1, None)]
    assert evening.stays("Bob") == [(1, 1), (3, None)]  # the first is given up for gone


@pytest.mark.django_db(transaction=True)
def test_two_bots_that_see_someone_come_in_the_same_moment_do_not_fail(evening):
    names = [f"Person {number}" for number in range(20)]
    evening.add(*names)
    accounts = [evening.account(name) for name in names]
    here = {evening.channel("A"): accounts, evening.channel("B"): []}
    other = {evening.channel("A"): accounts[::-1], evening.channel("B"): []}
    for ear in ("first", "second"):  # both have been here for a while
        record_voice_states(ear, dict.fromkeys(here, ()), now=evening.at(0))
    now = evening.at(1)

    answers = race(
        lambda: record_voice_states("first", here, now=now),
        lambda: record_voice_states("second", other, now=now),
    )

    assert answers == [DONE, DONE]
    assert all(evening.stays(name) == [(1, None)] for name in names)


def test_an_account_is_in_one_place_at_a_time(evening):
    evening.add("Alice")
    evening.go("Alice", "A", 0)
    watch = VoiceCoverage.objects.get(channel_id=evening.channel("B"))
    with pytest.raises(IntegrityError), transaction.atomic():
        VoiceSession.objects.create(
            coverage=watch, discord_id=evening.account("Alice"), since=evening.at(1)
        )


def test_a_clock_that_was_put_back_breaks_off_and_a_new_ear_goes_on(evening):
    evening.add("Alice")
    evening.go("Alice", "A", 30)
    with pytest.raises(IntegrityError):
        evening.look(0)
    evening.ear = "another"
    evening.look(0)
    assert evening.stays("Alice") == [(30, 30), (0, None)]


def test_sessions_that_ended_before_the_limit_are_deleted(evening):
    evening.add("Alice", "Bob")
    evening.go("Alice", "A", 0)
    evening.go("Alice", None, 10)
    evening.go("Alice", "A", 20)
    evening.ear = "second"
    evening.go("Bob", "A", 30)
    forget_before(evening.at(25))
    assert evening.stays("Alice") == [(30, None)]
    forget_before(evening.at(31))
    assert not VoiceSession.objects.exists()


def test_an_empty_guild_is_no_failure(evening):
    record_voice_states("ear", {}, now=evening.at(0))
    assert not VoiceCoverage.objects.exists()
