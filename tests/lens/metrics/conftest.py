from tests.cohorts.reconcile.conftest import links  # noqa: F401
