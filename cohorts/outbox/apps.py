from django.apps import AppConfig


class MessagesConfig(AppConfig):
    name = "cohorts.outbox"
    label = "outbox"  # "messages" is Django's own
    verbose_name = "Messages"

    def ready(self) -> None:
        from cohorts.needs.registry import NeedKind, need_kinds
        from cohorts.outbox import receivers  # noqa: F401 - connects them
        from cohorts.outbox.health.undelivered import NO_MAIL, find_people_without_mail
        from cohorts.outbox.registry import DeliveryChannel, channels

        need_kinds.register(NeedKind(NO_MAIL, "Mail", find_people_without_mail), order=120)

        channels.register(
            DeliveryChannel(
                "email",
                fix="Check EMAIL_URL and the mail server. Pending messages are sent once it works, "
                "up to each message's cutoff.",
            )
        )
