from django.apps import AppConfig


class BotConfig(AppConfig):
    name = "discordsync.bot"
    label = "bot"
    verbose_name = "Discord bot"

    def ready(self) -> None:
        from cohorts.sync.companions import companions
        from discordsync.bot.heartbeats import describe_bot

        companions.register(describe_bot)
