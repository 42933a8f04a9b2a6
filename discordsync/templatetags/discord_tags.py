"""Template filters for Discord messages.

In a Discord template every variable ends in one of these filters, in `counted` or in Django's own
`time`.  None of them lets a user's markup through; a test checks all templates for that.
"""

import re
from datetime import datetime

from django import template

from discordsync.delivery import discord_text as discord

register = template.Library()
NOT_IN_ADDRESSES = re.compile(r"[\s<>@`|]")


@register.filter
def discord_text(words: object, length: int = discord.NAME_LENGTH) -> str:
    """Escape a user's text: shown literally, without pings.  `|discord_text:200` allows 200
    characters."""
    return discord.escape(str(words), length=length)


@register.filter
def mention(discord_id: int) -> str:
    """Ping a person by their Discord id.  No other filter can ping."""
    return discord.mention(discord_id)


@register.filter
def channel_link(channel_id: int) -> str:
    """Link to a channel; pings no one."""
    return f"<#{channel_id:d}>"


@register.filter
def address(url: str) -> str:
    """Render our own URL as a link without a preview; characters that could be markup are
    removed."""
    return f"<{NOT_IN_ADDRESSES.sub('', url)}>"


@register.filter
def discord_time(moment: datetime, style: str = "F") -> str:
    """Format a time that Discord shows in each reader's own zone.

    Styles: F date and time in words, f shorter, t the time, R "in two days".
    """
    return f"<t:{int(moment.timestamp())}:{style}>"
