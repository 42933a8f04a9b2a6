"""Adding a person to a group on one form."""

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse

from cohorts import clock
from cohorts.admin_base.base import confirmation_page
from cohorts.admin_base.links import next_page
from cohorts.errors import Refusal
from cohorts.group_labels import label_group, with_places
from cohorts.models import Group, Membership, User, live_group
from cohorts.services.people import add_person
from cohorts.validators import read_id
from cohorts.web.access import require, staff_may

PERMISSIONS = ("cohorts.add_membership", "cohorts.add_user")


class AddPersonForm(forms.Form):
    name = forms.CharField(max_length=150)
    address = forms.EmailField(
        label="E-mail",
        help_text="Someone who has this address, or had it before, is added as that person.",
    )
    group = forms.ModelChoiceField(queryset=Group.objects.none())
    role = forms.ChoiceField(choices=Membership.Role.choices, initial=Membership.Role.PARTICIPANT)

    def __init__(self, *args: Any, cohort: int = 0, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["group"]
        assert isinstance(field, forms.ModelChoiceField)
        groups = Group.objects.filter(live_group())
        field.queryset = with_places(groups.filter(cohort=cohort) if cohort else groups)
        field.label_from_instance = label_group  # type: ignore[assignment]


def add_person_view(request: HttpRequest) -> HttpResponse:
    """Show the form and add the person.  `?cohort=` leaves only the groups of that cohort."""
    user = require(request, *PERMISSIONS)
    data = request.POST if request.method == "POST" else None
    form = AddPersonForm(
        data, initial=request.GET.dict(), cohort=read_id(request.GET.get("cohort", ""))
    )
    if form.is_valid():
        try:
            return _add(request, user, form.cleaned_data)
        except Refusal as refusal:
            form.add_error(None, refusal.sentence)
    answer = confirmation_page(
        request,
        title="Add a person",
        sentences=[
            "They get a message about their group, its channels and its invitations. They sign in "
            "with Discord and need no password."
        ],
        form=form,
        button="Add person",
        back=next_page(request, _find_page(user, reverse("admin:cohorts_membership_changelist"))),
    )
    answer.status_code = 400 if form.errors else 200
    return answer


def _find_page(user: User, page: str) -> str:
    """Return a page of memberships, or the start page for users who may not view it."""
    return page if staff_may(user, "cohorts.view_membership") else reverse("admin:index")


def _add(request: HttpRequest, user: User, said: dict[str, Any]) -> HttpResponse:
    made, is_new = add_person(
        said["name"], said["address"], said["group"].pk, role=said["role"], now=clock.now()
    )
    person = made.user
    if is_new:
        done = f"{person} is added to {made.group}."
    else:
        done = f"{person} ({person.email or 'no address'}) was known already and is added to "
        done += f"{made.group}."
    messages.success(request, done)
    row = reverse("admin:cohorts_membership_change", args=[made.pk])
    return redirect(next_page(request, _find_page(user, row)))
