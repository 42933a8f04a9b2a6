from django.apps import AppConfig


class SyncConfig(AppConfig):
    name = "cohorts.reconcile"
    label = "sync"
    verbose_name = "Sync"

    def ready(self) -> None:
        from cohorts.outbox.holds import holds
        from cohorts.reconcile import checks, receivers  # noqa: F401 - registers them
        from cohorts.reconcile.runs import notifications

        holds.register(notifications.why_held)
