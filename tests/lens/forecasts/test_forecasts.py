"""What a preview lists is what happens: for each preview of staff, in random worlds."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path
from typing import get_args

import pytest
from django.db import transaction
from hypothesis import HealthCheck, Phase, given, note, settings
from hypothesis import strategies as st

from cohorts.services.terms import term_previews
from cohorts.steps.registry import step_kinds
from meetings.moving.moves import Move
from tests.lens.forecasts import moves, people, steps  # noqa: F401 - they register
from tests.lens.forecasts.promises import PROMISES, keep
from tests.lens.forecasts.world import World

TEMPLATES = Path(__file__).parents[3] / "templates"
CONFIRMS = re.compile(r'name="(seen|terms)"')
MOVES = {f"move: {kind.__name__}" for kind in get_args(Move)}
STEPS = {f"step: {name}" for name in step_kinds}
TERMS = {f"term: {name.rpartition('.')[2]}" for name in term_previews}

# Pages that show what an act would do and are confirmed, with the properties of what they show.
PAGES = {
    "admin/cohorts/roster_preview.html": {"people: import a roster"},
    "admin/cohorts/steps/ask.html": STEPS,
    "admin/desk/cohort/write_preview.html": {"people: letter of staff"},
    "admin/guestvisits/move_members.html": {"people: move to another group"},
    "admin/meetings/move.html": MOVES,
    "admin/meetings/term.html": TERMS,
    "groups/move.html": MOVES,
    "groups/write.html": {"people: letter of staff"},
    "admin/desk/_need.html": set(),  # snoozes an item of Today
}


def test_each_preview_has_a_property():
    pages = (path for path in TEMPLATES.rglob("*.html") if CONFIRMS.search(path.read_text("utf-8")))
    assert {str(path.relative_to(TEMPLATES)) for path in pages} == set(PAGES)
    assert set().union(*PAGES.values()) <= set(PROMISES)


@pytest.mark.django_db
@pytest.mark.usefixtures("without_providers")
@pytest.mark.timeout(600)
@pytest.mark.parametrize("worlds", [1, pytest.param(12, marks=pytest.mark.matrix)])
@pytest.mark.parametrize("area", sorted({name.partition(":")[0] for name in PROMISES}))
def test_what_a_preview_lists_is_what_happens(area, worlds, set_clock):
    """One world serves for all acts, since making it takes longest."""
    done = Counter()
    names = [name for name in sorted(PROMISES) if name.startswith(f"{area}:")]

    @settings(
        max_examples=worlds,
        deadline=None,
        phases=[Phase.generate],  # shrinking a failure would take minutes
        suppress_health_check=list(HealthCheck),
    )
    @given(st.data())
    def keep_all(data):
        with transaction.atomic():
            world = World(data.draw, set_clock)
            for name in names:
                note(name)
                done[name] += keep(name, world)
            transaction.set_rollback(True)

    keep_all()
    if worlds > 10:
        assert sorted(+done) == names, "some acts were refused in each world"
