from django.apps import AppConfig


class BotConfig(AppConfig):
    name = "discordsync.bot"
    label = "bot"
    verbose_name = "Discord bot"
