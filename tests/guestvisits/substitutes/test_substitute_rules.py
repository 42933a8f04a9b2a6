"""Who is asked to lead a meeting, when, and what ends a substitution."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from guestvisits.substitute_access import ACCESS_AFTER, access_span
from guestvisits.substitutes.substitute_rules import (
    SubstituteCandidate,
    SubstitutionFacts,
    find_end,
    is_free,
    may_be_asked,
    next_to_ask,
    rank,
)
from meetings.attendance.presence import Span

NOW = datetime(2027, 1, 12, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
MEETING = Span(NOW, NOW + HOUR)

minutes = st.integers(0, 20 * 24 * 60).map(lambda n: timedelta(minutes=n))
people = st.lists(st.integers(1, 30), unique=True, max_size=12)


def candidate(user_id: int = 1, zone: str = "UTC", **fields) -> SubstituteCandidate:
    return SubstituteCandidate(
        user_id, zone, **{"is_in_server": True, "has_opted_out": False, **fields}
    )


def test_only_people_who_can_are_asked():
    assert may_be_asked(candidate(), MEETING)
    assert not may_be_asked(candidate(is_in_server=False), MEETING)
    assert not may_be_asked(candidate(has_opted_out=True), MEETING)
    assert not may_be_asked(candidate(busy=(MEETING,)), MEETING)


def test_a_quarter_of_an_hour_around_the_meeting_is_free():
    gap = timedelta(minutes=15)
    after = Span(MEETING.until + gap, MEETING.until + 2 * HOUR)
    before = Span(NOW - 2 * HOUR, NOW - gap)
    assert is_free([before, after], MEETING)
    second = timedelta(seconds=1)
    assert not is_free([Span(after.since - second, after.until)], MEETING)
    assert not is_free([Span(before.since, before.until + second)], MEETING)


def test_the_whole_meeting_is_between_seven_and_ten_in_the_evening_where_the_person_is():
    for zone, asked in {
        "UTC": True,  # 12:00 to 13:00
        "America/New_York": True,  # 07:00 to 08:00
        "America/Chicago": False,  # 06:00
        "Asia/Tokyo": True,  # 21:00 to 22:00
        "Australia/Brisbane": True,  # 22:00
        "Pacific/Auckland": False,  # 01:00
    }.items():
        expected = asked and zone != "Australia/Brisbane"
        assert may_be_asked(candidate(zone=zone), MEETING) is expected, zone


def test_the_fewest_substitutions_come_first_then_the_longest_not_asked():
    ranked = rank(
        [
            candidate(1, substitutions=1),
            candidate(2, last_asked_at=NOW),
            candidate(3, last_asked_at=NOW - HOUR),
            candidate(4),
            candidate(5, substitutions=1, last_asked_at=NOW),
        ],
        MEETING,
    )
    assert ranked == [4, 3, 2, 1, 5]


def ask(left, *, since_last=None, asked=(), asked_first=None, ranked=(1, 2, 3, 4, 5, 6, 7)):
    return next_to_ask(
        ranked,
        asked=asked,
        last_asked_at=None if since_last is None else NOW - since_last,
        asked_first=asked_first,
        starts_at=NOW + left,
        now=NOW,
    )


def test_three_at_a_time_and_then_faster():
    assert ask(48 * HOUR) == [1, 2, 3]
    assert ask(48 * HOUR, since_last=4 * HOUR, asked=[1, 2, 3]) == [4, 5, 6]
    assert ask(48 * HOUR, since_last=4 * HOUR - timedelta(seconds=1), asked=[1, 2, 3]) == []
    assert ask(24 * HOUR, since_last=HOUR / 2, asked=[1, 2, 3]) == [4, 5, 6]
    assert ask(24 * HOUR, since_last=HOUR / 3, asked=[1, 2, 3]) == []
    assert ask(6 * HOUR, since_last=timedelta(), asked=[1, 2, 3]) == [4, 5, 6, 7]
    assert ask(HOUR) == []


def test_the_earlier_substitute_is_asked_alone_first():
    assert ask(48 * HOUR, asked_first=7) == [7]
    assert ask(48 * HOUR, asked_first=7, asked=[7], since_last=4 * HOUR) == [1, 2, 3]
    assert ask(48 * HOUR, asked_first=99) == [1, 2, 3]  # no longer able to lead it
    assert ask(3 * HOUR, asked_first=7) == [1, 2, 3, 4, 5, 6, 7]


@given(people, people, minutes, st.none() | minutes, st.none() | st.integers(1, 30))
def test_no_one_is_asked_twice_or_out_of_order_or_in_the_last_hour(
    ranked, asked, left, since_last, asked_first
):
    found = ask(left, since_last=since_last, asked=asked, asked_first=asked_first, ranked=ranked)
    assert not set(found) & set(asked)
    assert len(set(found)) == len(found)
    assert set(found) <= set(ranked)
    if left <= HOUR:
        assert found == []
    elif left > 6 * HOUR:
        assert len(found) <= 3
    if asked_first not in found:
        assert found == [each for each in ranked if each not in asked][: len(found)]


@given(minutes, minutes)
def test_everyone_is_asked_by_the_last_hours_whenever_the_search_began(length, begun):
    """Stepping minute by minute would ask all of nine people; here every half hour."""
    ranked, asked, last = list(range(9)), [], None
    now = NOW - min(begun, timedelta(days=3))
    while now < NOW:
        found = next_to_ask(
            ranked, asked=asked, last_asked_at=last, asked_first=None, starts_at=NOW, now=now
        )
        asked += found
        last = now if found else last
        now += HOUR / 2
    left = min(begun, timedelta(days=3))
    assert asked == (ranked if left > HOUR else [])


@given(minutes)
def test_access_lasts_at_least_until_a_day_after_and_at_most_seven_days_and_the_meeting(before):
    span = access_span(MEETING.since, MEETING.until, NOW - before)
    assert span.since == max(NOW - before, NOW - timedelta(days=6))
    assert span.until == MEETING.until + timedelta(hours=24)


def test_what_ends_a_substitution():
    def end(now=NOW - HOUR, *, chosen=NOW, cancelled=False, ended=False) -> str:
        return find_end(SubstitutionFacts(chosen, MEETING, cancelled, ended), now)

    assert end() == ""
    assert end(ended=True, cancelled=True) == "group_ended"
    assert end(cancelled=True, chosen=NOW + HOUR) == "meeting_cancelled"
    assert end(chosen=NOW + HOUR) == "meeting_moved"
    assert end(NOW + 2 * HOUR, chosen=NOW + HOUR) == ""  # it was held
    assert end(MEETING.until + ACCESS_AFTER, ended=True) == "over"
