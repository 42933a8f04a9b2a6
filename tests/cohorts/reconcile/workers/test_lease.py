"""The row that holds a provider's lease."""

from datetime import timedelta

import pytest
from django.db import connection
from django.db.models.functions import Now

from cohorts.reconcile.errors import LeaseLost
from cohorts.reconcile.models import ProviderState
from cohorts.reconcile.workers import lease
from cohorts.reconcile.workers.lease import ensure_state
from tests.support.race import DONE, race


@pytest.mark.django_db(transaction=True)
def test_workers_that_start_at_once_share_one_state_of_a_provider() -> None:
    def start_and_observe() -> None:
        ensure_state("links")
        ProviderState.objects.of("links").update(scope="the first server")

    assert race(*[start_and_observe] * 6) == [DONE] * 6
    assert ProviderState.objects.get().scope == "the first server"


@pytest.mark.django_db
def test_a_worker_that_froze_while_it_took_the_lease_does_not_share_the_next_ones() -> None:
    ensure_state("links")
    others: list[lease.Lease | None] = []

    def freeze(execute, sql, params, many, context):
        result = execute(sql, params, many, context)
        if sql.startswith("UPDATE") and not others:
            others.append(None)  # the queries below are not frozen
            ProviderState.objects.update(lease_until=Now() - timedelta(seconds=1))
            others[0] = lease.take("links")
        return result

    with connection.execute_wrapper(freeze):
        mine = lease.take("links")
    other = others[0]
    assert other is not None
    if mine is not None:
        mine.good_until = float("-inf")  # it froze for longer than a lease lasts
        with pytest.raises(LeaseLost):
            mine.keep()
        mine.release()
    other.check()
    assert ProviderState.objects.get().lease_until
