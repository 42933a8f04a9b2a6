"""When the bot has to begin listening anew."""

from __future__ import annotations

from discordsync.bot.gateway.voice_listener import FROZEN_AFTER, Ear


def test_listening_goes_on_from_look_to_look():
    ear = Ear()
    assert ear.listen(0) == ear.listen(10) == ear.listen(10.5) == ear.listen(70)
    assert ear.doubted == set()


def test_a_process_that_was_frozen_begins_anew():
    ear = Ear()
    before = ear.listen(0)
    after = ear.listen(2 * FROZEN_AFTER)
    assert after != before
    assert ear.listen(2 * FROZEN_AFTER + 10) == after
    assert ear.doubted == set()  # it said nothing while it was frozen


def test_whatever_broke_is_in_doubt_and_the_next_look_begins_anew():
    ear = Ear()
    before = ear.listen(0)
    ear.break_off()
    ear.break_off()
    assert ear.doubted == {before}
    assert ear.listen(1) != before


def test_one_that_never_listened_has_nothing_to_doubt():
    ear = Ear()
    ear.break_off()
    assert ear.doubted == set()
