"""Filters for the words of messages.

In a Discord template every variable ends in one of these filters or in Django's own `time`, none
of which lets anybody's markup through: a test reads all templates for that.
"""

from __future__ import annotations

import re
from datetime import datetime

from django import template

from cohorts.messages import discord_text as discord
from cohorts.zones import find_zone, known_zone

register = template.Library()
NOT_IN_ADDRESSES = re.compile(r"[\s<>@`|]")


@register.filter
def discord_text(words: object, length: int = discord.NAME_LENGTH) -> str:
    """Somebody's words: shown as they are, pinging nobody.  `|discord_text:200` cuts later."""
    return discord.escape(str(words), length=length)


@register.filter
def one_line(words: object) -> str:
    """Somebody's words in plain text: no line breaks, no marks that turn the line round."""
    return discord.clean(str(words))


@register.filter
def mention(discord_id: int) -> str:
    """The one way to ping a person: by their Discord id."""
    return discord.mention(discord_id)


@register.filter
def channel_link(channel_id: int) -> str:
    """A link that leads to a channel; pings nobody."""
    return f"<#{channel_id:d}>"


@register.filter
def address(url: str) -> str:
    """A link of our own making, without a preview; whatever could be read as more is left out."""
    return f"<{NOT_IN_ADDRESSES.sub('', url)}>"


@register.filter
def counted(number: int, words: str) -> str:
    """A number with its word: `3|counted:"meeting,meetings"` is "3 meetings"."""
    one, many = words.split(",")
    return f"{number:d} {one if number == 1 else many}"


@register.filter
def discord_time(moment: datetime, style: str = "F") -> str:
    """A moment that Discord shows to each reader in the reader's own zone.

    Styles: F date and time in words, f shorter, t the time, R "in two days".
    """
    return f"<t:{int(moment.timestamp())}:{style}>"


@register.filter
def in_zone(moment: datetime, zone: str) -> str:
    """A moment in an IANA zone, labelled: "Wednesday 7 January 2026, 15:00 (Europe/Berlin)"."""
    local = moment.astimezone(find_zone(zone))
    return f"{local:%A} {local.day} {local:%B %Y, %H:%M} ({known_zone(zone)})"
