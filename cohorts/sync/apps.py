from django.apps import AppConfig


class SyncConfig(AppConfig):
    name = "cohorts.sync"
    label = "sync"
    verbose_name = "Sync"

    def ready(self) -> None:
        from cohorts.messages.holds import holds
        from cohorts.messages.owed import message_sources
        from cohorts.sync import messages, receivers  # noqa: F401

        holds.register(messages.why_held)
        message_sources.register(messages.owe_realize_ended, order=20)
