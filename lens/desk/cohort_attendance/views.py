"""The views of the tab Attendance."""

from typing import cast

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from cohorts import clock
from cohorts.models import Cohort, User
from cohorts.validators import read_ids
from cohorts.web.access import require, staff_may
from cohorts.words import count_people
from lens.desk.cohort_attendance import rows
from lens.desk.cohort_page.tabs import SEE_ATTENDANCE, WRITE_LETTERS, open_tab
from meetings.access import CORRECT, SEE_GROUP
from meetings.attendance.ledger import read_cohort_records
from meetings.attendance.risks import dismiss_risks

PEOPLE = 50  # on one page


@require_safe
def attendance_view(request: HttpRequest, pk: int) -> HttpResponse:
    """Show people by weeks. `?show=` is a filter, `?page=` a part of the list."""
    cohort, context = open_tab(request, pk, "attendance")
    user = cast(User, request.user)
    records = read_cohort_records(cohort.pk, clock.now())
    filters = rows.list_filters(records)
    show = request.GET.get("show", "")
    show = show if show in {one.key for one in filters} else ""
    chosen = rows.choose_records(records, show)
    weeks = rows.choose_weeks(records, cohort.number_of_meetings)
    extra = rows.has_extra_sessions(records)
    page = Paginator(chosen, PEOPLE).get_page(request.GET.get("page"))
    context |= {
        "page": page,
        "lines": [rows.build_line(record, weeks, with_extra=extra) for record in page],
        "weeks": weeks,
        "has_extra": extra,
        "filters": filters,
        "show": show,
        "legend": rows.LEGEND,
        "chart": None if show else rows.chart_attendance(records),
        "no_chart": rows.NO_CHART,
        "has_rule": cohort.allowed_absences is not None,
        "at_risk": show == rows.AT_RISK,
        "may_dismiss": staff_may(user, *CORRECT),
        "may_write": staff_may(user, *WRITE_LETTERS),
        "may_open_person": staff_may(user, "cohorts.view_user"),
        "may_open_group": staff_may(user, *SEE_GROUP),
    }
    return TemplateResponse(request, "admin/desk/cohort/attendance.html", context)


@require_POST
def dismiss_view(request: HttpRequest, pk: int) -> HttpResponse:
    """Dismiss that people are at risk, until another absence."""
    user = require(request, *SEE_ATTENDANCE, *CORRECT)
    cohort = get_object_or_404(Cohort, pk=pk)
    people = read_ids(request.POST.getlist("people"))
    number = dismiss_risks(cohort.pk, people, by=user.pk, now=clock.now())
    if number:
        messages.success(request, f"Dismissed for {count_people(number)}, until another absence.")
    else:
        messages.info(request, "There was nothing to dismiss: the list has changed since.")
    return HttpResponseRedirect(
        f"{reverse('admin:cohort_attendance', args=[cohort.pk])}?show={rows.AT_RISK}"
    )
