"""The activity across all cohorts, of one cohort, and in the admin's history of an object."""

from typing import Any, cast

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.template.response import TemplateResponse
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from cohorts.activity.entries import read_page
from cohorts.activity.registry import SEE_ACTIVITY
from cohorts.admin_base.base import admin_page
from cohorts.admin_base.links import SEE_COHORT
from cohorts.exports.answering import answer_or_explain, read_query
from cohorts.models import Cohort, User
from cohorts.web.access import require, staff_may
from lens.desk.activity.activity_form import ActivityForm
from lens.desk.activity.activity_list import list_activity
from lens.desk.cohort_page.tabs import open_tab
from meetings.access import SEE_GROUP


@require_safe
def activity_view(request: HttpRequest) -> HttpResponse:
    require(request, *SEE_ACTIVITY)
    return admin_page(request, "admin/desk/activity/activity.html", "Activity", **_read(request))


@require_safe
def cohort_activity_view(request: HttpRequest, pk: int) -> HttpResponse:
    cohort, context = open_tab(request, pk, "activity")
    context |= _read(request, cohort)
    return TemplateResponse(request, "admin/desk/activity/cohort.html", context)


@require_POST
def export_activity_view(request: HttpRequest) -> HttpResponseBase:
    """Return the entries across all cohorts as a file, as the page is filtered."""
    viewer, query = require(request, *SEE_ACTIVITY), read_query(request)
    back = f"{reverse('admin:activity')}?{query.urlencode()}"
    return answer_or_explain(request, lambda: list_activity(query, viewer), back=back)


def _read(request: HttpRequest, cohort: Cohort | None = None) -> dict[str, Any]:
    viewer, form = cast(User, request.user), ActivityForm(request.GET, cohort=cohort)
    entries, person = form.find_entries(), form.cleaned_data.get("person")
    named = User.objects.filter(pk=person).first() if person else None
    return {
        "form": form,
        **read_page(entries, request.GET.get("page"), viewer),
        "person": named,
        "one_cohort": cohort is not None,
        "may_open_group": staff_may(viewer, *SEE_GROUP),
        "may_open_cohort": staff_may(viewer, *SEE_COHORT),
    }
