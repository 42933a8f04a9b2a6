from django.apps import AppConfig


class MessagesConfig(AppConfig):
    name = "cohorts.outbox"
    label = "outbox"  # "messages" is Django's own
    verbose_name = "Messages"

    def ready(self) -> None:
        from cohorts.outbox.registry import DeliveryChannel, channels

        channels.register(
            DeliveryChannel(
                "email",
                fix="Check EMAIL_URL and the mail server. Pending messages are sent once it works, "
                "up to each message's cutoff.",
            )
        )
