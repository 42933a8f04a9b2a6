from django.apps import AppConfig


class SyncConfig(AppConfig):
    name = "cohorts.reconcile"
    label = "sync"
    verbose_name = "Sync"

    def ready(self) -> None:
        from cohorts.outbox.holds import holds
        from cohorts.reconcile import receivers  # noqa: F401 - connects them
        from cohorts.reconcile.runs import notifications
        from cohorts.reconcile.workers import checks  # noqa: F401 - registers them

        holds.register(notifications.why_held)
