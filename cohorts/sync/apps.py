from django.apps import AppConfig


class SyncConfig(AppConfig):
    name = "cohorts.sync"
    label = "sync"
    verbose_name = "Sync"

    def ready(self) -> None:
        from cohorts.messages.holds import holds
        from cohorts.sync import receivers  # noqa: F401
        from cohorts.sync.messages import why_held

        holds.register(why_held)
