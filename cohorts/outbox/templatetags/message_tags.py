"""Template filters for messages."""

from datetime import datetime

from django import template

from cohorts.outbox.rendering.plain_text import clean
from cohorts.zones import find_zone, known_zone

register = template.Library()


@register.filter
def one_line(text: object) -> str:
    """Clean a user's text for plain text: no line breaks, no direction marks."""
    return clean(str(text))


@register.filter
def counted(number: int, text: str) -> str:
    """Format a number with its noun: `3|counted:"meeting,meetings"` is "3 meetings"."""
    one, many = text.split(",")
    return f"{number:d} {one if number == 1 else many}"


@register.filter
def in_zone(moment: datetime, zone: str) -> str:
    """Format a time in an IANA zone, labelled: "Wednesday 7 January 2026, 15:00
    (Europe/Berlin)"."""
    local = moment.astimezone(find_zone(zone))
    return f"{local:%A} {local.day} {local:%B %Y, %H:%M} ({known_zone(zone)})"
