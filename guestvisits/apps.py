from django.apps import AppConfig


class GuestVisitsConfig(AppConfig):
    name = "guestvisits"
    verbose_name = "Guest visits"

    def ready(self) -> None:
        from cohorts.outbox.registry import message_sources
        from cohorts.outbox.routing.topics import Topic, topics
        from guestvisits import receivers  # noqa: F401
        from guestvisits.absences import find_absences
        from guestvisits.consequences import find_consequences
        from guestvisits.messages import access, channels, corrections, emails
        from guestvisits.set_up import find_lines, set_up_lines
        from meetings.absences import absences
        from meetings.moving.preview import consequences

        absences.register(find_absences)
        consequences.register(find_consequences)
        set_up_lines.register(find_lines, order=10)

        topics.register(
            Topic(
                "visits",
                "My visits",
                "When a visit is booked, cancelled or ended, and when its access begins and ends.",
                may_be_off=False,
            ),
            order=30,
        )
        message_sources.register(channels.pending_host_posts, order=30)
        message_sources.register(channels.pending_home_posts, order=31)
        message_sources.register(
            corrections.pending_corrections, order=32
        )  # reads those of channels
        message_sources.register(emails.pending_visit_emails, order=33)
        message_sources.register(access.pending_access_emails, order=34)
