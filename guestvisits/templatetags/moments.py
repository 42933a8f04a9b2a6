"""Template tags for times, shown in the reader's zone, which is named next to them."""

from datetime import datetime

from django import template
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.safestring import SafeString

from cohorts.words import name_wait
from cohorts.zones import known_zone

register = template.Library()

DAY = "l j F"
TIME = "H:i"


register.filter("known_zone", known_zone)


@register.simple_tag
def span(start: datetime, end: datetime) -> SafeString:
    """Show the duration of a meeting: "Tuesday 24 November, 18:00 – 19:00 Europe/Berlin"."""
    first, last = timezone.localtime(start), timezone.localtime(end)
    until = TIME if first.date() == last.date() else f"{DAY}, {TIME}"
    return _time(start, f"{_day(first)}, {date_format(first, TIME)} – {date_format(last, until)}")


@register.simple_tag
def moment(value: datetime) -> SafeString:
    """Show one moment: "Tuesday 24 November, 18:00 Europe/Berlin"."""
    local = timezone.localtime(value)
    return _time(value, f"{_day(local)}, {date_format(local, TIME)}")


@register.simple_tag
def wait(value: datetime, now: datetime) -> str:
    """Say how long it is until a moment, by the dates in the reader's zone: "in 2 days"."""
    return name_wait(value, now, timezone.get_current_timezone())


@register.simple_tag
def wall_time(value: datetime) -> SafeString:
    """Show the time only, next to a day and a zone that are shown already: "18:02"."""
    return format_html(
        '<time datetime="{}">{}</time>',
        value.isoformat(),
        date_format(timezone.localtime(value), TIME),
    )


def _day(local: datetime) -> str:
    """Format the day, with the year unless it is the current one."""
    this_year = local.year == timezone.localtime().year
    return date_format(local, DAY if this_year else f"{DAY} Y")


def _time(value: datetime, text: str) -> SafeString:
    return format_html(
        '<time datetime="{}">{}</time> <span class="zone">{}</span>',
        value.isoformat(),
        text,
        timezone.get_current_timezone_name().replace("_", " "),
    )
