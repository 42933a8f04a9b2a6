"""A whole term of the named groups with every assumption read otherwise at the same time."""

from __future__ import annotations

from typing import Any

import pytest

from tests.lens.flips.flip_list import FLIPS, Flip
from tests.lens.term.term_list import TERM
from tests.lens.term.term_world import TermWorld
from tests.lens.term.test_term_of_an_academy import begin_term, live_through, world

__all__ = ["world"]  # the fixture

# What the list itself would name otherwise: events go or stay, and people have to accept rules.
LEFT_OUT = {"D16", "D22"}
USED = [flip for flip in FLIPS if flip.number not in LEFT_OUT and not flip.seconds]
FIRST = {flip.number: flip for flip in reversed(USED)}
LAST = {flip.number: flip for flip in USED}


@pytest.mark.django_db(transaction=True)
@pytest.mark.timeout(3600)
@pytest.mark.modes
@pytest.mark.parametrize("flips", [FIRST, LAST], ids=["first", "last"])
def test_a_term_is_as_the_list_says_with_all_assumptions_read_otherwise(
    world: TermWorld,
    flips: dict[str, Flip],
) -> None:
    discord: dict[str, Any] = {}
    google: dict[str, Any] = {}
    for flip in flips.values():
        discord |= flip.discord
        google |= flip.google
    world.sandbox.post("discord/settings", discord)
    world.calendar.behave(**google)
    different = live_through(begin_term(world, more={}), TERM)
    assert not different, "\n".join(different)
