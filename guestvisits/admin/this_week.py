"""Staff pages about one meeting of this week: find a substitute, or join another group."""

from datetime import datetime
from typing import Any

from django import forms
from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse

from cohorts import clock
from cohorts.admin_base.base import confirmation_page
from cohorts.admin_base.links import next_page
from cohorts.errors import Refusal
from cohorts.models import User
from cohorts.selectors import facilitators_of
from cohorts.web.access import require
from cohorts.words import count
from guestvisits.admin.forms import MeetingChoiceField
from guestvisits.models import Substitution
from guestvisits.substitutes.facts import read_candidates, span_of_meeting
from guestvisits.substitutes.joining_another import hosts_for, join_another_group
from guestvisits.substitutes.selectors import open_substitutions
from guestvisits.substitutes.services import name_substitute, request_substitute
from guestvisits.substitutes.substitute_rules import can_lead
from meetings.models import Meeting

# -- a substitute --------------------------------------------------------------------------------


class FindForm(forms.Form):
    """Who can't lead the meeting, and who leads it instead."""

    away = forms.TypedChoiceField(label="Who can’t lead it", coerce=int)
    person = forms.TypedChoiceField(
        label="Substitute",
        coerce=int,
        required=False,
        empty_value=None,
        help_text="Facilitators of this course's open cohorts who are free then. Ask the person "
        "before you choose. Choose no one to have them asked one after another.",
    )

    def __init__(self, data: Any, *, away: list[User], free: list[tuple[int, str]]) -> None:
        super().__init__(data)
        self._offer("away", [(one.pk, str(one)) for one in away])
        self._offer("person", [("", "Ask them"), *free])

    def _offer(self, name: str, choices: list[Any]) -> None:
        field = self.fields[name]
        assert isinstance(field, forms.TypedChoiceField)
        field.choices = choices


def find_substitute_view(request: HttpRequest, meeting_id: int) -> HttpResponse:
    """Look for a substitute; if someone is looked for already, show that search."""
    user, meeting = require(request, "guestvisits.change_substitution"), _find_meeting(meeting_id)
    open_one = open_substitutions([meeting]).get(meeting.pk)
    if open_one is not None:
        messages.info(request, "A search for a substitute is running already.")
        return redirect("admin:guestvisits_substitution_change", open_one.pk)
    free = list_free(meeting, clock.now())
    away = facilitators_of([meeting.group_id]).get(meeting.group_id, [])
    form = FindForm(request.POST if request.method == "POST" else None, away=away, free=free)
    if form.is_valid() and _find(request, meeting, form, by=user.pk):
        return redirect(_back(request))
    return confirmation_page(
        request,
        title=f"Find a substitute: {meeting}",
        sentences=[
            "The facilitator who can’t lead it is noted as away. The substitute gets access now "
            "and a message."
        ],
        form=form,
        button="Find a substitute",
        back=_back(request),
    )


def list_free(meeting: Meeting, now: datetime) -> list[tuple[int, str]]:
    """Return the ids and names of the people who can lead the meeting."""
    candidates = read_candidates(meeting, now)
    people = User.objects.in_bulk([each.user_id for each in candidates])
    return [
        (each.user_id, str(people[each.user_id]))
        for each in candidates
        if can_lead(each, span_of_meeting(meeting))
    ]


def _find(request: HttpRequest, meeting: Meeting, form: FindForm, *, by: int) -> bool:
    said = form.cleaned_data
    try:
        done = _request(meeting, said["away"], said["person"], by=by)
    except Refusal as refusal:
        form.add_error(None, refusal.sentence)
        return False
    messages.success(request, done)
    return True


@transaction.atomic
def _request(meeting: Meeting, away_id: int, person_id: int | None, *, by: int) -> str:
    """In one transaction: no one is asked if someone is named."""
    now = clock.now()
    made: Substitution = request_substitute(meeting.pk, away_id, now=now)
    if person_id is None:
        return f"Facilitators are asked to lead {meeting}."
    offer = name_substitute(made.pk, person_id, by=by, now=now)
    return f"{offer.user} leads {meeting}."


# -- another group -------------------------------------------------------------------------------


class JoinAnotherForm(forms.Form):
    host = MeetingChoiceField(queryset=Meeting.objects.none(), label="Meeting to join")

    def __init__(self, data: Any, *, hosts: list[Meeting], initial: dict[str, Any]) -> None:
        super().__init__(data, initial=initial)
        field = self.fields["host"]
        assert isinstance(field, forms.ModelChoiceField)
        ids = [host.pk for host in hosts]
        field.queryset = Meeting.objects.filter(pk__in=ids).select_related("group__cohort")


def join_another_view(request: HttpRequest, meeting_id: int) -> HttpResponse:
    """Book visits to another group's meeting of the same week; `?host=` is offered first."""
    user = require(request, "guestvisits.add_guestvisit")
    return join_page(request, _find_meeting(meeting_id), by=user.pk, back=_back(request))


def join_page(request: HttpRequest, meeting: Meeting, *, by: int, back: str) -> HttpResponse:
    """Ask which meeting the group joins, and book the visits. The caller checks permissions."""
    hosts = hosts_for(meeting, clock.now())
    data = request.POST if request.method == "POST" else None
    form = JoinAnotherForm(data, hosts=hosts, initial={"host": request.GET.get("host")})
    if form.is_valid():
        _join(request, meeting, form.cleaned_data["host"], by=by)
        return redirect(back)
    return confirmation_page(
        request,
        title=f"Which group does {meeting.group} join this week?",
        sentences=[
            "A visit is booked for each participant who has not declined, where seats and rules "
            "allow. Each gets a message. The meeting itself stays until you cancel it."
        ],
        form=form,
        button="Book visits",
        back=back,
    )


def _join(request: HttpRequest, meeting: Meeting, host: Meeting, *, by: int) -> None:
    result = join_another_group(meeting, host.pk, by=by, now=clock.now())
    messages.success(request, f"{count(len(result.booked), 'visit')} booked to {host}.")
    for name, why in result.refused:
        messages.warning(request, f"{name}: {why}")


# -- both ----------------------------------------------------------------------------------------


def _find_meeting(pk: int) -> Meeting:
    return get_object_or_404(Meeting.objects.select_related("group__cohort__course"), pk=pk)


def _back(request: HttpRequest) -> str:
    """Return the page that led here, or the list of meetings for those who may view it."""
    may_view = request.user.has_perm("meetings.view_meeting")
    page = "admin:meetings_meeting_changelist" if may_view else "admin:index"
    return next_page(request, reverse(page))
