"""Properties that `make test` tries with a few examples, and the matrix with many.

@examples(10, 40, facts=snapshots())
def test_a_plan_is_empty(facts): ...
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings

ANY = settings(deadline=None, suppress_health_check=list(HealthCheck))


def examples(few: int, many: int, **strategies: Any) -> Callable[[Callable[..., None]], Any]:
    """Make a test of a property; its parameters are the strategies' names."""

    def make_test(check: Callable[..., None]) -> Any:
        @pytest.mark.parametrize("count", [few, pytest.param(many, marks=pytest.mark.matrix)])
        def test(count: int) -> None:
            settings(ANY, max_examples=count)(given(**strategies)(check))()

        test.__name__, test.__module__ = check.__name__, check.__module__
        return test

    return make_test
