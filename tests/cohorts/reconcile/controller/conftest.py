"""Two groups that staff asked for, before and after the run that realizes them."""

from __future__ import annotations

import pytest

from tests.support.cohort import make_cohort, realize, work


@pytest.fixture
def made(links):
    """Groups 1 and 2 with two members each; staff asked for them."""
    made = make_cohort(groups=2, members=2)
    realize(made)
    return made


@pytest.fixture
def ready(made):
    work("links")
    return made
