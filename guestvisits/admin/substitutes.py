"""Admin for substitutions: how far each is, naming someone, and joining another group."""

from __future__ import annotations

from typing import Any, cast

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import URLPattern, path, reverse

from cohorts import clock
from cohorts.admin_base.base import ReadOnlyAdmin, confirmation_page
from cohorts.admin_base.reader_time import show_both
from cohorts.errors import Refusal
from cohorts.models import User
from guestvisits.admin.forms import MeetingChoiceField
from guestvisits.admin.this_week import find_substitute_view
from guestvisits.models import SubstituteOffer, Substitution
from guestvisits.substitutes.facts import read_candidates, span_of_meeting
from guestvisits.substitutes.joining_another import hosts_for, join_another_group
from guestvisits.substitutes.selectors import substitute_of
from guestvisits.substitutes.services import name_substitute
from guestvisits.substitutes.substitute_rules import can_lead
from meetings.models import Meeting


class NameForm(forms.Form):
    person = forms.TypedChoiceField(
        label="Substitute",
        coerce=int,
        help_text="Facilitators of this course's open cohorts. Ask the person before you choose.",
    )

    def __init__(self, data: Any = None, *, choices: list[tuple[int, str]]) -> None:
        super().__init__(data)
        cast(forms.TypedChoiceField, self.fields["person"]).choices = choices


class JoinForm(forms.Form):
    host = MeetingChoiceField(queryset=Meeting.objects.none(), label="Meeting to join")

    def __init__(self, data: Any = None, *, hosts: list[Meeting]) -> None:
        super().__init__(data)
        field = cast(forms.ModelChoiceField, self.fields["host"])
        ids = [host.pk for host in hosts]
        field.queryset = Meeting.objects.filter(pk__in=ids).select_related("group")


class OfferInline(admin.TabularInline):
    model = SubstituteOffer
    fields = ["user", "offered_at", "answer", "answered_at", "ended_at"]
    readonly_fields = ["user", "offered_at", "answer", "answered_at", "ended_at"]
    extra = 0
    can_delete = False
    verbose_name_plural = "People who were asked"

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return request.user.has_perm("guestvisits.view_substitution")


@admin.register(Substitution)
class SubstitutionAdmin(ReadOnlyAdmin):
    """Only services write rows."""

    list_display = ["meeting", "start", "away", "state", "requested_at"]
    list_filter = [("ended_at", admin.EmptyFieldListFilter), "meeting__group__cohort"]
    list_select_related = ["meeting__group", "away"]
    search_fields = ["meeting__group__name", "away__name", "away__nickname"]
    readonly_fields = ["start", "state"]
    inlines = [OfferInline]

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).prefetch_related("offers__user")

    @admin.display(description="Starts at", ordering="meeting__starts_at")
    def start(self, row: Substitution) -> Any:
        return show_both(row.meeting.starts_at, row.meeting.group.timezone)

    @admin.display(description="State")
    def state(self, row: Substitution) -> str:
        found = substitute_of(row)
        if found:
            return f"{found} leads it"
        return "looking for a substitute" if row.is_open else row.get_end_reason_display()

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view
        return [
            path(
                "find/<id:meeting_id>/",
                view(find_substitute_view),
                name="guestvisits_find_substitute",
            ),
            path("<id:pk>/name/", view(self.name_view), name="guestvisits_substitution_name"),
            path("<id:pk>/join/", view(self.join_view), name="guestvisits_substitution_join"),
            *super().get_urls(),
        ]

    def name_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        row, back = self._find(request, pk), _back(pk)
        meeting = row.meeting
        candidates = read_candidates(meeting, clock.now())
        people = User.objects.in_bulk([each.user_id for each in candidates])
        choices = [
            (each.user_id, str(people[each.user_id]))
            for each in candidates
            if can_lead(each, span_of_meeting(meeting))
        ]
        form = NameForm(request.POST if request.method == "POST" else None, choices=choices)
        if form.is_valid():
            self._name(request, row, form.cleaned_data["person"])
            return redirect(back)
        return confirmation_page(
            request,
            self.admin_site,
            title=f"Who leads {meeting}?",
            sentences=["The person gets access now and a message. No one else is asked."],
            form=form,
            button="Name substitute",
            back=back,
        )

    def _name(self, request: HttpRequest, row: Substitution, user_id: int) -> None:
        by = cast(int, request.user.pk)
        try:
            offer = name_substitute(row.pk, user_id, by=by, now=clock.now())
        except Refusal as refusal:
            messages.error(request, refusal.sentence)
        else:
            self.log_change(request, row, f"Named {offer.user} as the substitute.")
            messages.success(request, f"{offer.user} leads this meeting.")

    def join_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        row, back = self._find(request, pk, "guestvisits.add_guestvisit"), _back(pk)
        hosts = hosts_for(row.meeting, clock.now())
        form = JoinForm(request.POST if request.method == "POST" else None, hosts=hosts)
        if form.is_valid():
            self._join(request, row, form.cleaned_data["host"])
            return redirect(back)
        return confirmation_page(
            request,
            self.admin_site,
            title=f"Which group does {row.meeting.group} join this week?",
            sentences=[
                "A visit is booked for each participant who has not declined, where seats and "
                "rules allow. Each gets a message. The meeting itself stays until you cancel it."
            ],
            form=form,
            button="Book visits",
            back=back,
        )

    def _join(self, request: HttpRequest, row: Substitution, host: Meeting) -> None:
        by = cast(int, request.user.pk)
        result = join_another_group(row.meeting, host.pk, by=by, now=clock.now())
        done = f"{len(result.booked)} visits booked to {host}."
        self.log_change(request, row, done)
        messages.success(request, done)
        for name, why in result.refused:
            messages.warning(request, f"{name}: {why}")

    def _find(self, request: HttpRequest, pk: int, *also: str) -> Substitution:
        if not request.user.has_perms(["guestvisits.change_substitution", *also]):
            raise PermissionDenied
        return get_object_or_404(
            Substitution.objects.select_related("meeting__group__cohort__course"), pk=pk
        )


def _back(pk: int) -> str:
    return reverse("admin:guestvisits_substitution_change", args=[pk])
