"""Admin for visits: the list, booking a visit for a person, and cancelling."""

from typing import Any, cast
from urllib.parse import urlencode

from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import URLPattern, path, reverse

from cohorts import clock
from cohorts.admin_base.base import ReadOnlyAdmin, confirmation_page
from cohorts.admin_base.links import next_page
from cohorts.errors import Refusal
from cohorts.models import User
from cohorts.validators import read_id
from cohorts.web.access import require
from cohorts.web.refusal_messages import shown_refusals
from guestvisits.admin.forms import CancelVisitForm, ChoosePersonForm, HomeForm, HostForm
from guestvisits.admin.this_week import join_another_view
from guestvisits.models import GuestVisit
from guestvisits.services.alternatives import find_alternatives
from guestvisits.services.booking import book_visit_for
from guestvisits.services.cancelling import cancel_visit_for
from meetings.models import Meeting

CHANGELIST = "admin:guestvisits_guestvisit_changelist"


@admin.register(GuestVisit)
class GuestVisitAdmin(ReadOnlyAdmin):
    """Only services write rows, so booking and cancelling have pages of their own."""

    list_display = ["user", "host_meeting", "home_meeting", "state", "booked_at", "overruled_rules"]
    list_filter = [
        ("ended_at", admin.EmptyFieldListFilter),
        "end_reason",
        "host_meeting__group__cohort",
    ]
    list_select_related = ["user", "host_meeting__group", "home_meeting__group"]
    search_fields = ["user__name", "user__nickname", "user__email", "host_meeting__group__name"]
    date_hierarchy = "booked_at"
    exclude = ["overruled"]
    readonly_fields = ["overruled_rules"]

    @admin.display(description="State", ordering="end_reason")
    def state(self, visit: GuestVisit) -> str:
        return "booked" if visit.is_open else visit.get_end_reason_display()

    @admin.display(description="Overruled rules", ordering="overruled")
    def overruled_rules(self, visit: GuestVisit) -> str:
        return name_rules(visit.overruled)

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return request.user.has_perm("guestvisits.add_guestvisit")

    def get_urls(self) -> list[URLPattern]:
        cancel = self.admin_site.admin_view(self.cancel_view)
        join = self.admin_site.admin_view(join_another_view)
        return [
            path("<id:pk>/cancel/", cancel, name="guestvisits_guestvisit_cancel"),
            path("join/<id:meeting_id>/", join, name="guestvisits_join_another"),
            *super().get_urls(),
        ]

    # -- booking, in three steps: person, home meeting, host meeting ---------------------------

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        require(request, "guestvisits.add_guestvisit")
        person = _find(User, request.GET.get("person"))
        if person is None:
            return self._ask_who(request)
        home = _find(Meeting, request.GET.get("home"))
        if home is None:
            return self._ask_home(request, person)
        return self._ask_host(request, person, home)

    def _next_step(self, request: HttpRequest, **chosen: int) -> HttpResponse:
        """Redirect to the same page with what has been chosen."""
        parameters = request.GET.dict() | {name: str(pk) for name, pk in chosen.items()}
        return redirect(f"{request.path}?{urlencode(parameters)}")

    def _ask_who(self, request: HttpRequest) -> HttpResponse:
        form = ChoosePersonForm(request.POST or None)
        if form.is_valid():
            return self._next_step(request, person=form.cleaned_data["person"].pk)
        return self._ask(request, "Who will visit another group?", form)

    def _ask_home(self, request: HttpRequest, person: User) -> HttpResponse:
        form = HomeForm(request.POST or None, person=person, now=clock.now())
        if not form.has_meetings:
            messages.error(request, f"{person} is in no group with a meeting to miss.")
            return redirect(self._back(request))
        if form.is_valid():
            return self._next_step(request, home=form.cleaned_data["home"].pk)
        return self._ask(request, f"Which meeting will {person} miss?", form)

    def _ask_host(self, request: HttpRequest, person: User, home: Meeting) -> HttpResponse:
        try:
            found = find_alternatives(person.pk, home.pk, clock.now())
        except Refusal as refusal:
            messages.error(request, refusal.sentence)
            return redirect(request.path)
        form = HostForm(request.POST or None, found=found)
        if form.is_valid() and self._book(request, person, home, form.cleaned_data):
            return redirect(self._back(request))
        sentences = [
            "Choosing a meeting that is not open needs a reason. Some rules cannot be overruled."
        ]
        return self._ask(
            request, f"Which meeting will {person} visit in place of {home}?", form, sentences
        )

    def _ask(
        self, request: HttpRequest, title: str, form: Any, sentences: list[str] | None = None
    ) -> HttpResponse:
        return confirmation_page(
            request,
            title=title,
            sentences=sentences or [],
            form=form,
            button="Book visit" if isinstance(form, HostForm) else "Continue",
            back=self._back(request),
        )

    def _back(self, request: HttpRequest) -> str:
        default = reverse(CHANGELIST if self.has_view_permission(request) else "admin:index")
        return next_page(request, default)

    def _book(
        self, request: HttpRequest, person: User, home: Meeting, said: dict[str, Any]
    ) -> bool:
        with shown_refusals(request):
            visit = book_visit_for(
                person.pk,
                home_meeting_id=home.pk,
                host_meeting_id=said["host"],
                by=cast(User, request.user).pk,
                why=said["why"],
                now=clock.now(),
            )
            done = f"Visit booked: {visit}."
            if visit.overruled:
                done += f" Overruled rules: {name_rules(visit.overruled)} ({visit.overruled_why})."
            messages.success(request, done)
            return True
        return False

    # -- cancelling ----------------------------------------------------------------------------

    def cancel_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        user = require(request, "guestvisits.change_guestvisit")
        visit = get_object_or_404(GuestVisit.objects.select_related("user"), pk=pk)
        back = next_page(request, reverse("admin:guestvisits_guestvisit_change", args=[pk]))
        form = CancelVisitForm(request.POST if request.method == "POST" else None)
        if form.is_valid():
            with shown_refusals(request):
                why = form.cleaned_data["why"]
                cancel_visit_for(visit.pk, by=user.pk, why=why, now=clock.now())
                messages.success(request, f"Visit cancelled: {visit}.")
            return redirect(back)
        return confirmation_page(
            request,
            title=f"Cancel this visit: {visit}?",
            sentences=["Access to the host group and the invitation end at once."],
            form=form,
            button="Cancel visit",
            back=back,
            danger=True,
        )


def name_rules(codes: str) -> str:
    """Return the names of rules, for staff: "host full" for "host_full"."""
    return codes.replace("_", " ")


def _find(model: Any, pk: str | None) -> Any:
    """Return the object whose id is in the URL, or None if it is missing or invalid."""
    return model.objects.filter(pk=read_id(pk or "")).first()
