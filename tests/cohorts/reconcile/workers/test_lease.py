"""The row that holds a provider's lease."""

import pytest

from cohorts.reconcile.models import ProviderState
from cohorts.reconcile.workers.lease import ensure_state
from tests.support.race import DONE, race


@pytest.mark.django_db(transaction=True)
def test_workers_that_start_at_once_share_one_state_of_a_provider() -> None:
    def start_and_observe() -> None:
        ensure_state("links")
        ProviderState.objects.of("links").update(scope="the first server")

    assert race(*[start_and_observe] * 6) == [DONE] * 6
    assert ProviderState.objects.get().scope == "the first server"
