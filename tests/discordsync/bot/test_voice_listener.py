"""When the bot has to begin listening again."""

from __future__ import annotations

from discordsync.bot.gateway.voice_listener import FROZEN_AFTER, CoverageName


def test_listening_goes_on_from_look_to_look():
    observation = CoverageName()
    assert (
        observation.listen(0)
        == observation.listen(10)
        == observation.listen(10.5)
        == observation.listen(70)
    )
    assert observation.doubted == set()


def test_a_process_that_was_frozen_starts_over():
    observation = CoverageName()
    before = observation.listen(0)
    after = observation.listen(2 * FROZEN_AFTER)
    assert after != before
    assert observation.listen(2 * FROZEN_AFTER + 10) == after
    assert observation.doubted == set()  # it said nothing while it was frozen


def test_after_any_failure_the_record_is_in_doubt_and_the_next_observation_starts_over():
    observation = CoverageName()
    before = observation.listen(0)
    observation.interrupt()
    observation.interrupt()
    assert observation.doubted == {before}
    assert observation.listen(1) != before


def test_one_that_never_listened_has_nothing_to_doubt():
    observation = CoverageName()
    observation.interrupt()
    assert observation.doubted == set()
