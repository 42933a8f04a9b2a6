"""Whom a merge writes to, and what the channel of the group that continues says."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from cohorts.models import CohortStep, Membership, User
from cohorts.steps.registry import step_kinds
from cohorts.steps.services import carry_out_step
from tests.guestvisits.merging.conftest import DUE, NOW, ask, groups_of, params
from tests.support.academy import Academy

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("without_providers")]


def test_a_closed_account_gets_no_letter_and_no_one_is_told_that_it_comes(academy):
    User.objects.filter(name__in=["Ann", "Ben"]).update(is_active=False)
    step = CohortStep(cohort=academy.cohort, kind="merge", params=params(academy))
    preview = step_kinds["merge"].preview(step, NOW)
    assert {one.name for one in preview.recipients} == {"Ali", "Fay", "Cleo", "Cid"}
    assert "Welcome Ali!" in preview.posts[academy.groups["B"].pk]
    assert not any("Ben" in one.values["from_today"] for one in preview.recipients)
    carry_out_step(ask(academy).pk, now=DUE)
    assert groups_of("Ann") == ["Group B"]


@pytest.mark.parametrize("movers", ["closed accounts", "no one"])
def test_the_new_group_reads_of_guests_even_if_no_one_is_welcomed(
    academy: Academy, movers: str
) -> None:
    if movers == "no one":
        Membership.objects.filter(user__name__in=["Ann", "Ali"]).update(
            status=Membership.Status.DROPPED, left_at=NOW
        )
    else:
        User.objects.filter(name__in=["Ann", "Ali"]).update(is_active=False)
    target = academy.groups["B"].pk
    assert preview_posts(academy)[target].splitlines() == [
        "Group A joins this group",
        "Guests: Cleo (week 2), Cid (week 3)",
    ]
    assert target not in preview_posts(academy, guests_come=False)


def test_a_guest_whose_account_is_closed_gets_no_letter_and_is_not_announced(
    academy: Academy,
) -> None:
    User.objects.filter(name="Cleo").update(is_active=False)
    wanted = CohortStep(cohort=academy.cohort, kind="merge", params=params(academy))
    preview = step_kinds["merge"].preview(wanted, NOW)
    assert {one.name for one in preview.recipients} == {"Ann", "Ali", "Fay", "Cid"}
    assert "Guests: Cid (week 3)" in preview.posts[academy.groups["B"].pk].splitlines()


def preview_posts(academy: Academy, **chosen: Any) -> Mapping[int, str]:
    wanted = CohortStep(cohort=academy.cohort, kind="merge", params=params(academy, **chosen))
    return step_kinds["merge"].preview(wanted, NOW).posts
