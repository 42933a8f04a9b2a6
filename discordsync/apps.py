from django.apps import AppConfig


class DiscordSyncConfig(AppConfig):
    name = "discordsync"
    verbose_name = "Discord"

    def ready(self) -> None:
        from cohorts.activity.registry import register_kinds
        from cohorts.needs.registry import NeedKind, need_kinds
        from cohorts.outbox.registry import channels
        from cohorts.outbox.routing.dm_channels import dm_statuses
        from cohorts.reconcile.management.group_reports import group_reports
        from cohorts.reconcile.provider import provider_admins, providers
        from cohorts.reconcile.verify.experiments import verifications
        from discordsync import checks, set_up  # noqa: F401 - registers them
        from discordsync.delivery import (  # noqa: F401 - registers and connects them
            assignments,
            dm_channels,
            receivers,
            welcome,
        )
        from discordsync.delivery.channels import CHANNELS
        from discordsync.joining import missing_people as missing
        from discordsync.joining import reminders, states  # noqa: F401 - registers reminders
        from discordsync.management.group_report import report_groups
        from discordsync.provider import DiscordAdmin, DiscordProvider
        from discordsync.removal import receivers as removal_receivers  # noqa: F401 - connects them
        from discordsync.removal.removal_due import REMOVAL_DUE, find_removals_due
        from discordsync.selectors import find_voice_channels
        from discordsync.verify.verification import DISCORD_VERIFICATION
        from guestvisits.set_up_status import set_up_lines
        from meetings.registries import join_steps, venues

        group_reports.register(report_groups)
        for channel in CHANNELS:
            channels.register(channel)
        join_steps.register(states.find_steps)
        dm_statuses.register(dm_channels.read_statuses)
        need_kinds.register(
            NeedKind(missing.NOT_JOINED, "Not joined", missing.find_people_not_joined), order=50
        )
        need_kinds.register(
            NeedKind(missing.LEFT_SERVER, "Left the server", missing.find_people_who_left), order=60
        )
        need_kinds.register(NeedKind(REMOVAL_DUE, "Removal due", find_removals_due), order=100)
        provider_admins.register(DiscordAdmin())
        providers.register(DiscordProvider(), order=10)
        set_up_lines.register(set_up.find_lines, order=20)
        venues.register(find_voice_channels)
        verifications.register(DISCORD_VERIFICATION, order=10)
        register_kinds(
            {
                "object_imported": "Existing Discord object imported",
                "reminded_to_join": "Reminded to join",
                "removals_decided": "Removal of channels and roles decided",
            }
        )
