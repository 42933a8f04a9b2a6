from django.apps import AppConfig


class DiscordSyncConfig(AppConfig):
    name = "discordsync"
    verbose_name = "Discord"

    def ready(self) -> None:
        from cohorts.outbox.registry import message_sources
        from cohorts.outbox.routing.dm_channels import dm_statuses
        from cohorts.reconcile.provider import provider_admins, providers
        from discordsync import receivers, set_up  # noqa: F401
        from discordsync.delivery import assignments, dm_channels, welcome
        from discordsync.provider import DiscordAdmin, DiscordProvider
        from discordsync.venues import find_voice_channels
        from guestvisits.set_up import set_up_lines
        from meetings.venues import venues

        dm_statuses.register(dm_channels.read_statuses)
        message_sources.register(welcome.pending_welcomes, order=10)
        message_sources.register(assignments.pending_assignments, order=11)
        message_sources.register(assignments.pending_arrivals, order=12)  # reads the welcomes
        provider_admins.register(DiscordAdmin())
        providers.register(DiscordProvider(), order=10)
        set_up_lines.register(set_up.find_lines, order=20)
        venues.register(find_voice_channels)
