"""What is locked together is locked in one order, so that nothing waits for each other."""

from __future__ import annotations

from collections.abc import Callable
from threading import Thread

import pytest
from django.db import connection, transaction

from cohorts.reconcile import services
from cohorts.reconcile.models import GroupSync
from tests.support.cohort import make_cohort
from tests.support.in_memory import LinkProvider
from tests.support.processes import wait_until
from tests.support.race import waits_for_a_lock


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("act", [services.resync, services.accept_move])
def test_a_change_of_all_groups_holds_none_while_it_waits_for_an_earlier_one(
    links: LinkProvider, act: Callable[[str], None]
) -> None:
    make_cohort(groups=2)
    services.resync("links")
    first, second = GroupSync.objects.order_by("pk")
    first.save()  # so that PostgreSQL finds it after the second
    changing = Thread(target=in_thread, args=(act,))
    with transaction.atomic():
        GroupSync.objects.select_for_update().get(pk=first.pk)
        changing.start()
        wait_until(waits_for_a_lock, 30, "nothing waits")
        GroupSync.objects.select_for_update(nowait=True).get(pk=second.pk)
    changing.join(30)
    assert not changing.is_alive()
    assert GroupSync.objects.get(pk=second.pk).generation > second.generation


def in_thread(act: Callable[[str], None]) -> None:
    try:
        act("links")
    finally:
        connection.close()
