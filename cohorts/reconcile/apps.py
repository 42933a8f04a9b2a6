from django.apps import AppConfig


class SyncConfig(AppConfig):
    name = "cohorts.reconcile"
    label = "sync"
    verbose_name = "Sync"

    def ready(self) -> None:
        from cohorts.outbox.holds import holds
        from cohorts.outbox.registry import message_sources
        from cohorts.reconcile import receivers  # noqa: F401
        from cohorts.reconcile.runs import notifications

        holds.register(notifications.why_held)
        message_sources.register(notifications.pending_realize_reports, order=20)
