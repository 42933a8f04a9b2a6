"""The Today page, and snoozing its items."""

from datetime import date
from functools import cache
from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST, require_safe

from cohorts import clock
from cohorts.admin_base.base import admin_page
from cohorts.errors import Refusal
from cohorts.needs.open_cohorts import read_open_cohorts
from cohorts.web.access import require, staff_may
from cohorts.web.refusal_messages import shown_refusals
from cohorts.zones import find_zone
from lens.desk import snoozing, today, week
from lens.desk.cohort_rows import read_cohort_rows
from lens.frame.sidebar import SEE_TODAY

SNOOZE = ("cohorts.change_cohort",)
MEETINGS = 50  # on one page


@require_safe
def today_view(request: HttpRequest) -> HttpResponse:
    """Show the page.  `?item=` opens one item with all names, `?page=` is a part of the week."""
    user = require(request, *SEE_TODAY)
    zone = find_zone(user.timezone)
    facts = read_open_cohorts(clock.now())
    day = facts.now.astimezone(zone).date()
    needs = today.find_needs(facts, day)
    meetings = Paginator(week.list_week(facts, zone), MEETINGS).get_page(request.GET.get("page"))
    rows = read_cohort_rows(facts)
    cohorts = {row.cohort.pk: row.cohort for row in rows}
    opened = request.GET.get("item", "")
    context: dict[str, Any] = {
        "sentence": today.read_sentence(facts, needs, zone),
        "needs": today.show_needs(needs.shown, cohorts, opened),
        "harmless": today.show_needs(needs.harmless, cohorts, opened),
        "snoozed": today.show_needs(needs.snoozed, cohorts, opened),
        "meetings": meetings,
        "leaves_groups_out": any(one.set_up_at is None for one in facts.groups.values()),
        "days": week.read_days(facts, list(meetings), zone, page=meetings.number),
        "cohorts": rows,
        "today": day,
        "zone": zone.key,
        "may": cache(lambda permissions: staff_may(user, *permissions)),
        "may_snooze": staff_may(user, *SNOOZE),
        "may_move": staff_may(user, "meetings.change_meeting"),
        "may_find": staff_may(user, "guestvisits.change_substitution"),
    }
    return admin_page(request, "admin/desk/today.html", "Today", **context)


@require_POST
def snooze_view(request: HttpRequest) -> HttpResponse:
    user = require(request, *SEE_TODAY, *SNOOZE)
    now = clock.now()
    local = now.astimezone(find_zone(user.timezone)).date()
    needs = today.find_needs(read_open_cohorts(now), local)
    need = next((one for one in needs.shown if one.key == request.POST.get("item")), None)
    if need is None:
        messages.info(request, "This item is no longer in the list.")
        return redirect("admin:today")
    with shown_refusals(request):
        until = _read_day(request)
        seen = request.POST.get("seen", "")
        snoozing.snooze(need, until, seen=seen, by=user.pk, today=local, now=now)
        messages.success(
            request, f"Hidden until {until:%A} {until.day} {until:%B}, or until the list grows."
        )
    return redirect("admin:today")


def _read_day(request: HttpRequest) -> date:
    try:
        return date.fromisoformat(request.POST.get("until", ""))
    except ValueError:
        raise Refusal("bad_day", "Choose a day.") from None


@require_POST
def show_again_view(request: HttpRequest) -> HttpResponse:
    require(request, *SEE_TODAY, *SNOOZE)
    snoozing.show_again(request.POST.get("item", ""))
    return redirect("admin:today")
