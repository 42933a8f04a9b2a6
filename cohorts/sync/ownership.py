"""Staff's word on whose objects stand outside.

It is asked for when INSTALLATION_ID names another installation than the database knows, or when
marked objects stand outside that no record explains.  Until then the mirrors only look.
"""

from __future__ import annotations

from dataclasses import dataclass

from django.db import transaction

from cohorts import clock
from cohorts.models import Installation
from cohorts.services.installation import (
    accept_copy,
    accept_original,
    ensure_installation,
    is_another,
)
from cohorts.sync import services
from cohorts.sync.models import GroupSync, MirrorState
from cohorts.sync.registry import all_mirrors

STRANGERS = "strangers"


@dataclass(frozen=True, slots=True)
class Question:
    """What staff have to decide.  `strange` maps mirrors to what was found in them."""

    is_another: bool
    strange: dict[str, str]

    def __bool__(self) -> bool:
        return self.is_another or bool(self.strange)


def find_question() -> Question:
    """What waits for staff's word now.  Three queries."""
    rows = MirrorState.objects.filter(trouble=STRANGERS)
    strange = dict(rows.values_list("name", "trouble_detail"))
    held = GroupSync.objects.filter(trouble=STRANGERS).values_list("mirror", flat=True).distinct()
    found = {name: strange.get(name, "") for name in {*strange, *held} if name in all_mirrors()}
    return Question(is_another(ensure_installation(clock.now())), found)


@transaction.atomic
def go_on_as_original() -> None:
    """This database is the original: its marks stay, and what they are on is taken over."""
    question = find_question()
    if question.is_another:
        accept_original(_lock())
    for name in question.strange:
        services.adopt_strangers(name)
    for name in all_mirrors():
        services.look_at_all(name)


@transaction.atomic
def take_as_copy() -> None:
    """This database is a copy: forget every record, mark anew, make nothing until asked again."""
    accept_copy(_lock())
    for mirror in all_mirrors().values():
        mirror.forget_all()
    GroupSync.objects.update(
        create_asked_at=None, create_asked_by=None, stands_at=None, removals_approved=None
    )
    MirrorState.objects.update(adopt_strangers=False)
    for name in all_mirrors():
        services.look_at_all(name)


def _lock() -> Installation:
    ensure_installation(clock.now())
    return Installation.objects.select_for_update().get(pk=1)
