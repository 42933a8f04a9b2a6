"""A cohort that is realized on Discord."""

from __future__ import annotations

import pytest

from tests.support.cohort import MadeCohort, join, make_cohort, realize, work
from tests.support.kept_worlds import BuildOnce
from tests.support.running_sandbox import RunningSandbox


@pytest.fixture
def two_groups(only_discord: None, sandbox: RunningSandbox, build_once: BuildOnce) -> MadeCohort:
    """Two groups of three, who are all in the server."""

    def build() -> MadeCohort:
        made = make_cohort(groups=2, members=3)
        join(sandbox, made.people)
        realize(made)
        work("discord")
        return made

    return build_once("two groups of three on Discord", build)
