"""When an archive is open, and for whom, for any dates."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from cohorts.models.archive import archive_window, was_last_member

START = datetime(2026, 1, 1, tzinfo=UTC)
moments = st.integers(0, 10**9).map(lambda n: START + timedelta(milliseconds=n * 60))
ends = st.lists(st.one_of(st.none(), moments), max_size=2)
statuses = st.sampled_from(["active", "dropped", "completed", "removed", "moved"])


@given(ends=ends, days=st.integers(0, 365), now=moments)
def test_an_archive_is_open_from_the_first_known_end_for_its_days_and_never_else(ends, days, now):
    window = archive_window(ends, days)
    is_open = window is not None and window.is_open(now)
    if not ends or None in ends:
        assert window is None
    else:
        first = min(ends)
        assert is_open == (first <= now < first + timedelta(days=days))


@given(
    status=statuses, left_at=st.one_of(st.none(), moments), ended_at=st.one_of(st.none(), moments)
)
def test_only_who_was_there_at_the_end_reads_on(status, left_at, ended_at):
    stays = was_last_member(status, left_at, ended_at)
    if status == "active":
        assert stays
    else:
        assert stays == (status != "dropped" and left_at is not None and left_at == ended_at)
