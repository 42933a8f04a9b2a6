"""The channels of the outbox that Discord delivers: lanes of the provider, under its lease."""

from cohorts.outbox.models import Message
from cohorts.outbox.registry import DeliveryChannel
from discordsync.delivery.discord_text import fit

CHANNELS = (
    DeliveryChannel(
        Message.Channel.DISCORD_CHANNEL,
        fix="Check the status of Discord and the workers below. Pending messages are sent once it "
        "works, up to each message's cutoff.",
        fit=fit,
    ),
    DeliveryChannel(
        Message.Channel.DISCORD_DM,
        fix="Check the status of Discord below. Until then, messages are sent by e-mail.",
        closed_fix="Check in Discord's Developer Portal whether the bot is quarantined, and "
        "resolve it there. Then choose “Resume sending” under Delivery channels. Until then, "
        "messages are sent by e-mail.",
        is_watched=False,  # after a while they are sent by e-mail instead
        fit=fit,
    ),
)
