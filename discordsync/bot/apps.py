from django.apps import AppConfig


class BotConfig(AppConfig):
    name = "discordsync.bot"
    label = "bot"
    verbose_name = "Discord bot"

    def ready(self) -> None:
        from cohorts.reconcile.workers.health_checks import companions
        from discordsync.bot.gateway.heartbeats import describe_bot

        companions.register(describe_bot)
