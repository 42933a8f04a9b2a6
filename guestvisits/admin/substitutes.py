"""Admin for substitutions: how far each is, naming someone, and joining another group."""

from typing import Any, cast

from django import forms
from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import URLPattern, path, reverse

from cohorts import clock
from cohorts.admin_base.base import ReadOnlyAdmin, confirmation_page
from cohorts.admin_base.reader_time import show_both
from cohorts.web.access import require
from cohorts.web.refusal_messages import shown_refusals
from guestvisits.admin.this_week import find_substitute_view, join_page, list_free
from guestvisits.models import SubstituteOffer, Substitution
from guestvisits.substitutes.selectors import substitute_of
from guestvisits.substitutes.services import name_substitute
from meetings.admin.attendances import ReadOnlyInline


class NameForm(forms.Form):
    person = forms.TypedChoiceField(
        label="Substitute",
        coerce=int,
        help_text="Facilitators of this course's open cohorts. Ask the person before you choose.",
    )

    def __init__(self, data: Any = None, *, choices: list[tuple[int, str]]) -> None:
        super().__init__(data)
        cast(forms.TypedChoiceField, self.fields["person"]).choices = choices


class OfferInline(ReadOnlyInline):
    model = SubstituteOffer
    fields = ["user", "offered_at", "answer", "answered_at", "ended_at"]
    verbose_name_plural = "People who were asked"

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return request.user.has_perm("guestvisits.view_substitution")


@admin.register(Substitution)
class SubstitutionAdmin(ReadOnlyAdmin):
    """Only services write rows."""

    list_display = ["meeting", "start", "away", "state", "requested_at"]
    list_filter = [("ended_at", admin.EmptyFieldListFilter), "meeting__group__cohort"]
    list_select_related = ["meeting__group", "away"]
    search_fields = ["meeting__group__name", "away__name", "away__nickname"]
    export_times = ["start"]
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
        user = require(request, "guestvisits.change_substitution")
        row, back = _find(pk), _back(pk)
        choices = list_free(row.meeting, clock.now())
        form = NameForm(request.POST if request.method == "POST" else None, choices=choices)
        if form.is_valid():
            with shown_refusals(request):
                person = form.cleaned_data["person"]
                offer = name_substitute(row.pk, person, by=user.pk, now=clock.now())
                messages.success(request, f"{offer.user} leads this meeting.")
            return redirect(back)
        return confirmation_page(
            request,
            title=f"Who leads {row.meeting}?",
            sentences=["The person gets access now and a message. No one else is asked."],
            form=form,
            button="Name substitute",
            back=back,
        )

    def join_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        user = require(request, "guestvisits.change_substitution", "guestvisits.add_guestvisit")
        return join_page(request, _find(pk).meeting, by=user.pk, back=_back(pk))


def _find(pk: int) -> Substitution:
    rows = Substitution.objects.select_related("meeting__group__cohort__course")
    return get_object_or_404(rows, pk=pk)


def _back(pk: int) -> str:
    return reverse("admin:guestvisits_substitution_change", args=[pk])
