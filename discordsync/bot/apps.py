from django.apps import AppConfig


class BotConfig(AppConfig):
    name = "discordsync.bot"
    label = "bot"
    verbose_name = "Discord bot"

    def ready(self) -> None:
        from cohorts.reconcile.workers.health_checks import health_checks
        from discordsync.bot.gateway.heartbeats import describe_bot, is_bot_connected
        from discordsync.bot.replies.rsvp_buttons import find_offer_buttons, find_reminder_buttons
        from discordsync.delivery.waiting_messages import message_components
        from discordsync.selectors import bot_checks

        bot_checks.register(is_bot_connected)
        health_checks.register(describe_bot)
        message_components.register(find_reminder_buttons, name="reminder")
        message_components.register(find_offer_buttons, name="substitute_offer")
