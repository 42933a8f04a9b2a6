"""Changing a cohort's start date and number of meetings in the admin, after a preview."""

from datetime import date

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect

from cohorts import clock
from cohorts.admin_base.base import admin_page
from cohorts.admin_base.links import cohort_url
from cohorts.models import Cohort
from cohorts.services.terms import Term, change_term, preview_term
from cohorts.validators import check_year
from cohorts.web.access import require
from cohorts.web.refusal_messages import shown_refusals
from meetings.moving.forms import DateInput
from meetings.moving.term_preview import forecast_term_mails

PERMISSIONS = ("cohorts.change_cohort", "meetings.change_meeting")


class TermForm(forms.Form):
    start_date = forms.DateField(widget=DateInput, validators=[check_year])
    number_of_meetings = forms.IntegerField(min_value=1, max_value=60)

    def read(self) -> Term:
        start: date = self.cleaned_data["start_date"]
        return Term(start, self.cleaned_data["number_of_meetings"])


def change_term_view(request: HttpRequest, pk: int) -> HttpResponse:
    user = require(request, *PERMISSIONS)
    cohort = get_object_or_404(Cohort, pk=pk)
    back = cohort_url(user, pk)
    held = {"start_date": cohort.start_date, "number_of_meetings": cohort.number_of_meetings}
    form = TermForm(request.POST if request.method == "POST" else None, initial=held)
    preview, mails = None, []
    if form.is_valid():
        term, now = form.read(), clock.now()
        if _carry_out(request, cohort, term):
            return redirect(back)
        preview = preview_term(pk, cohort.name, term, now=now, by=user.pk)
        mails = forecast_term_mails(pk, term, now)
    return admin_page(
        request,
        "admin/meetings/term.html",
        f"Change start or number of meetings of {cohort}",
        status=400 if form.errors else 200,
        form=form,
        term=preview,
        term_mails=mails,
        back=back,
        cohort=cohort,
    )


def _carry_out(request: HttpRequest, cohort: Cohort, term: Term) -> bool:
    """Return whether the change was confirmed and carried out."""
    seen = request.POST.get("seen")
    if not seen:
        return False
    with shown_refusals(request):
        change_term(cohort.pk, term, seen=seen, now=clock.now())
        done = "Done. Everyone affected gets a message, and calendars are updated."
        messages.success(request, done)
        return True
    return False
