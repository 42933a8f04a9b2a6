from django.apps import AppConfig


class MessagesConfig(AppConfig):
    name = "cohorts.outbox"
    label = "outbox"  # "messages" is Django's own
    verbose_name = "Messages"
