"""The views of a cohort's page, one for each tab but Settings, which is the admin's own form."""

from collections.abc import Iterable, Iterator
from typing import cast

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.http import urlencode
from django.views.decorators.http import require_safe

from cohorts.admin.adding import PERMISSIONS as ADDING
from cohorts.models import Cohort, User
from cohorts.needs.items import NeedButton
from cohorts.needs.open_cohorts import OpenCohorts
from cohorts.reconcile.ui.staff import PERMISSION
from cohorts.web.access import staff_may
from cohorts.words import count_people
from cohorts.zones import find_zone
from guestvisits.ending.end_steps import PERMISSIONS as ENDING
from guestvisits.merging.merge_step import PERMISSIONS as MERGING
from lens.desk.cohort_page.calendar_tab import groups_per_page, read_calendar
from lens.desk.cohort_page.charts import (
    NO_ANSWERS,
    NO_JOINS,
    chart_joining,
    read_joined_days,
)
from lens.desk.cohort_page.groups_tab import read_group_rows
from lens.desk.cohort_page.people_tab import (
    NO_MAIL,
    NOT_JOINED,
    PeopleFilter,
    PersonRow,
    count_to_remind,
    read_people_rows,
    with_reminders,
)
from lens.desk.cohort_page.tabs import open_tab
from lens.frame.sidebar import PageLink
from meetings.access import MOVE, SEE_GROUP

GROUPS, PEOPLE = 60, 100  # on one page
SEE_PEOPLE = ("cohorts.view_user",)
MOVE_PEOPLE = ("cohorts.change_membership",)


@require_safe
def groups_view(request: HttpRequest, pk: int) -> HttpResponse:
    cohort, context = open_tab(request, pk, "groups")
    user, facts = cast(User, request.user), context["facts"]
    page = Paginator(context["header"].groups, GROUPS).get_page(request.GET.get("page"))
    context |= {
        "page": page,
        "rows": read_group_rows(facts, list(page), find_zone(user.timezone)),
        "may_add": not cohort.has_ended and staff_may(user, "cohorts.add_group"),
        "may_change": staff_may(user, "cohorts.change_group"),
        "may_end": staff_may(user, *ENDING),
        "may_merge": len(facts.groups) > 1 and staff_may(user, *MERGING),
        "may_move": staff_may(user, *MOVE),
        "may_open": staff_may(user, *SEE_GROUP),
        "may_see_status": user.has_perm(PERMISSION),
    }
    return TemplateResponse(request, "admin/desk/cohort/groups.html", context)


# -- people --------------------------------------------------------------------------------------


@require_safe
def people_view(request: HttpRequest, pk: int) -> HttpResponse:
    """Show the cohort's people.  `?group=` and `?show=` choose which."""
    cohort, context = open_tab(request, pk, "people")
    user, header, facts = cast(User, request.user), context["header"], context["facts"]
    chosen = PeopleFilter(request.GET.get("group", ""), request.GET.get("show", ""))
    rows = read_people_rows(facts, header.groups)
    page = Paginator([row for row in rows if chosen.keeps(row)], PEOPLE).get_page(
        request.GET.get("page")
    )
    page.object_list = with_reminders(list(page))
    may_move = len(facts.groups) > 1 and staff_may(user, *MOVE_PEOPLE)
    may_remind = not cohort.has_ended and user.has_perm(PERMISSION)
    may_export = staff_may(user, *SEE_PEOPLE)
    zone = find_zone(user.timezone)
    joined = read_joined_days(rows, zone)
    people = len({row.member.user_id for row in rows})
    with_people = {row.group.pk for row in rows}
    context |= {
        "page": page,
        "chosen": chosen,
        "filters": list(_filters(rows, chosen)),
        "chart": chart_joining(joined, people, facts.now.astimezone(zone).date()),
        "no_joins": NO_JOINS,
        "groups": [group for group in header.groups if group.pk in with_people],
        "group": next((g for g in header.groups if str(g.pk) == chosen.group), None),
        "people_acts": list(_people_acts(cohort, facts)),
        "may_move": may_move,
        "may_remind": may_remind,
        "may_export": may_export,
        "may_tick": may_move or may_remind or may_export,
        "may_see_people": staff_may(user, *SEE_PEOPLE),
    }
    return TemplateResponse(request, "admin/desk/cohort/people.html", context)


def _filters(rows: Iterable[PersonRow], chosen: PeopleFilter) -> Iterator[PageLink]:
    """Yield links to everyone and to the people who need something."""
    mine = [row for row in rows if PeopleFilter(chosen.group).keeps(row)]
    for show, title in (("", "All"), (NOT_JOINED, "Not joined"), (NO_MAIL, "No e-mail arrives")):
        one = PeopleFilter(chosen.group, show)
        found = len({row.member.user_id for row in mine if one.keeps(row)})
        asked = {name: value for name, value in (("group", one.group), ("show", show)) if value}
        yield PageLink(f"{title}: {found}", f"?{urlencode(asked)}", show == chosen.show)


def _people_acts(cohort: Cohort, facts: OpenCohorts) -> Iterator[NeedButton]:
    if cohort.has_ended:
        return
    add = reverse("admin:cohorts_membership_add_person")
    asked = urlencode(
        {"cohort": str(cohort.pk), "next": reverse("admin:cohort_people", args=[cohort.pk])}
    )
    yield NeedButton("Add a person", add, ADDING, query=asked)
    not_joined, number = reverse("admin:not_joined", args=[cohort.pk]), count_to_remind(facts)
    if number:
        remind = f"Remind {count_people(number)}…"
        yield NeedButton(remind, not_joined, (PERMISSION,), post={"all": "1"})
    yield NeedButton("Reminders to join", not_joined, (PERMISSION,))
    roster = reverse("admin:cohorts_cohort_roster")
    yield NeedButton("Import a roster", roster, ("cohorts.change_cohort",))


# -- the calendar --------------------------------------------------------------------------------


@require_safe
def calendar_view(request: HttpRequest, pk: int) -> HttpResponse:
    cohort, context = open_tab(request, pk, "calendar")
    user = cast(User, request.user)
    pages = Paginator(context["header"].groups, groups_per_page(cohort))
    page = pages.get_page(request.GET.get("page"))
    context |= {
        "page": page,
        "calendar": read_calendar(
            cohort, list(page), find_zone(user.timezone), context["facts"].members_of
        ),
        "no_answers": NO_ANSWERS,
        "may_open": staff_may(user, *SEE_GROUP),
    }
    return TemplateResponse(request, "admin/desk/cohort/calendar.html", context)
