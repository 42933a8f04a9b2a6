"""When the bot catches up on events that it could not handle."""

from __future__ import annotations

import psycopg
from django.db import OperationalError

from discordsync.bot.gateway.guild_listener import CATCH_UP_SECONDS, MissedEvents


def test_an_error_that_recurs_causes_a_catch_up_every_5_minutes_and_a_lost_connection_at_once() -> (
    None
):
    lost = OperationalError("the connection is closed")
    lost.__cause__ = psycopg.OperationalError("the connection is closed")
    missed = MissedEvents()
    missed.begin(0)  # of a new session
    assert not missed.is_due(0)
    missed.add(KeyError("a bug"))
    assert missed.is_due(1)
    missed.begin(1)
    assert not missed.is_due(10 * CATCH_UP_SECONDS)  # nothing was missed since

    missed.add(KeyError("a bug"))
    assert not missed.is_due(CATCH_UP_SECONDS)
    assert missed.is_due(1 + CATCH_UP_SECONDS)
    missed.add(lost)
    assert missed.is_due(20)
    missed.begin(20)
    missed.add(lost)
    missed.add(KeyError("a bug"))
    assert missed.is_due(21)
