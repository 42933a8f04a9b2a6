from django.apps import AppConfig


class MessagesConfig(AppConfig):
    name = "cohorts.messages"
    label = "outbox"  # "messages" is Django's own
    verbose_name = "Messages"
