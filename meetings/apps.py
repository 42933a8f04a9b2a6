from django.apps import AppConfig


class MeetingsConfig(AppConfig):
    name = "meetings"
    verbose_name = "Meetings"

    def ready(self) -> None:
        from cohorts.outbox.registry import message_sources
        from cohorts.outbox.routing.topics import Topic, topics
        from cohorts.services.terms import term_previews
        from meetings import receivers  # noqa: F401
        from meetings.messages import changes, departures, nudges, reminders
        from meetings.moving.terms import preview_terms

        term_previews.register(preview_terms)

        topics.register(
            Topic(
                "reminders",
                "Reminders",
                "24 hours and 1 hour before each meeting, and once if you have not answered.",
                may_be_off=True,
            ),
            order=10,
        )
        topics.register(
            Topic(
                "changes",
                "Meeting changes",
                "When one of your meetings is moved, added or cancelled.",
                may_be_off=False,
            ),
            order=20,
        )
        topics.register(
            Topic(
                "groups",
                "My groups",
                "When you join or leave a group. The welcome message always comes by e-mail.",
                may_be_off=False,
            ),
            order=40,
        )
        message_sources.register(reminders.pending_reminders, order=40)
        message_sources.register(nudges.pending_nudges, order=41)
        message_sources.register(changes.pending_changes, order=42)
        message_sources.register(departures.pending_departures, order=43)
