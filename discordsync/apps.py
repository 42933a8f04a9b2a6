from django.apps import AppConfig


class DiscordSyncConfig(AppConfig):
    name = "discordsync"
    verbose_name = "Discord"

    def ready(self) -> None:
        from cohorts.messages.lines import direct_lines
        from cohorts.messages.owed import message_sources
        from cohorts.sync.registry import providers
        from discordsync import assignments, lines, messages, set_up
        from discordsync.mirror import DiscordProvider
        from discordsync.venues import find_voice_channels
        from guestvisits.set_up import set_up_lines
        from meetings.venues import venues

        direct_lines.register(lines.read_lines)
        message_sources.register(messages.owe_welcomes, order=10)
        message_sources.register(assignments.owe_assignments, order=11)
        message_sources.register(assignments.owe_arrivals, order=12)  # reads the welcomes
        providers.register(DiscordProvider(), order=10)
        set_up_lines.register(set_up.find_lines, order=20)
        venues.register(find_voice_channels)
