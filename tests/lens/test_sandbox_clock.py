"""The sandbox's clock and the product's are one."""

from datetime import UTC, datetime, timedelta

import pytest
from django.core.management import CommandError, call_command

from cohorts import clock
from lens.sandbox_clock import follow

pytestmark = pytest.mark.django_db


def test_a_clock_moved_on_the_sandbox_is_moved_here(sandbox, set_clock):
    sandbox.advance_clock(7 * 24 * 3600)

    assert follow()

    assert abs(clock.now() - datetime.now(UTC) - timedelta(days=7)) < timedelta(seconds=5)
    assert not follow()


def test_without_a_sandbox_there_is_no_clock_to_follow(settings):
    settings.SANDBOX = False

    with pytest.raises(CommandError):
        call_command("follow_sandbox_clock")
