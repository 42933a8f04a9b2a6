"""Two yeses at the same moment: real processes on PostgreSQL."""

from datetime import UTC, datetime
from functools import partial

import pytest

from guestvisits.models import SubstituteOffer
from guestvisits.substitutes.services import (
    answer_offer,
    name_substitute,
    request_substitute,
    return_to_lead,
)
from guestvisits.windows import access_windows
from tests.guestvisits.substitutes.conftest import SubstituteWorld
from tests.support.race import DONE, race, tally

pytestmark = pytest.mark.django_db(transaction=True)


def test_of_three_yeses_at_once_one_wins_and_the_others_are_told():
    world = SubstituteWorld(datetime.now(UTC).replace(minute=0, second=0, microsecond=0))
    found = request_substitute(world.meeting.pk, world.fay.pk, now=world.now)
    offers = list(found.offers.all())
    yes = [
        partial(answer_offer, each.pk, each.user_id, leads=True, now=world.now) for each in offers
    ]
    assert tally(race(*yes)) == {DONE: 1, "taken": 2}
    assert SubstituteOffer.objects.filter(answer="yes").count() == 1
    [window] = [each for each in access_windows(None, world.now) if each.leads]
    assert window.holds(world.now)


def test_a_yes_while_the_facilitator_returns_and_staff_name_someone_leaves_at_most_one():
    world = SubstituteWorld(datetime.now(UTC).replace(minute=0, second=0, microsecond=0))
    found = request_substitute(world.meeting.pk, world.fay.pk, now=world.now)
    first = found.offers.all()[0]
    staff = world.academy.add_person("Sam", is_staff=True)
    answers = race(
        partial(answer_offer, first.pk, first.user_id, leads=True, now=world.now),
        partial(return_to_lead, found.pk, world.fay.pk, now=world.now),
        partial(name_substitute, found.pk, world.helpers[3].pk, by=staff.pk, now=world.now),
    )
    assert set(answers) <= {DONE, "taken", "over", "no_substitution"}
    assert not SubstituteOffer.objects.filter(answer="yes", ended_at__isnull=True).exists()
    assert not any(each.holds(world.now) for each in access_windows(None, world.now))
    found.refresh_from_db()
    assert found.end_reason == "returned"


@pytest.mark.matrix
def test_one_person_cannot_say_yes_to_two_meetings_at_once():
    world = SubstituteWorld(datetime.now(UTC).replace(minute=0, second=0, microsecond=0), helpers=1)
    gil = world.lead("Gil", "B")
    b = world.academy.meeting("B")
    type(b).objects.filter(pk=b.pk).update(starts_at=world.meeting.starts_at)
    request_substitute(world.meeting.pk, world.fay.pk, now=world.now)
    request_substitute(b.pk, gil.pk, now=world.now)
    helper = world.helpers[0]
    offers = SubstituteOffer.objects.filter(user=helper)
    assert offers.count() == 2
    yes = [partial(answer_offer, each.pk, helper.pk, leads=True, now=world.now) for each in offers]
    assert tally(race(*yes)) == {DONE: 1, "busy": 1}
