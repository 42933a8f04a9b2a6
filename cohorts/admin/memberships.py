"""Admin for memberships, access exceptions, and the access states that providers report.

Every change of a membership goes through the services, which check the rules.
"""

from typing import Any
from urllib.parse import urlencode

from django import forms
from django.contrib import admin, messages
from django.contrib.admin import helpers
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import URLPattern, path, reverse

from cohorts import clock
from cohorts.admin.adding import add_person_view
from cohorts.admin_base.base import (
    ChangesForm,
    ProtectedAdmin,
    ReadOnlyAdmin,
    RefusalAdmin,
    confirmation_page,
)
from cohorts.admin_base.links import next_page
from cohorts.errors import Refusal
from cohorts.models import AccessException, AccessState, Group, Membership, User
from cohorts.services import memberships as services
from cohorts.services.locks import lock_found, lock_groups
from cohorts.validators import check_year
from cohorts.web.refusal_messages import shown_refusals

CHANGELIST = "admin:cohorts_membership_changelist"


class EndMembershipForm(forms.Form):
    status = forms.ChoiceField(
        label="Reason",
        choices=[
            (Membership.Status.DROPPED, "Dropped: they gave up"),
            (Membership.Status.COMPLETED, "Completed: they took part to the end"),
            (Membership.Status.REMOVED, "Removed: you took them out"),
        ],
        widget=forms.RadioSelect,
    )
    why = forms.CharField(label="Note", max_length=200, required=False)


@admin.register(Membership)
class MembershipAdmin(RefusalAdmin):
    list_display = ["user", "group", "cohort", "role", "status", "joined_at", "left_at"]
    list_filter = ["status", "role", "cohort"]
    list_select_related = ["user", "group", "cohort"]
    search_fields = ["user__name", "user__nickname", "user__email", "group__name"]
    autocomplete_fields = ["user", "group"]
    actions = ["move_memberships", "end_memberships"]

    def get_fields(self, request: HttpRequest, obj: Any = None) -> list[Any]:
        fields = ["user", "group", "role"]
        return [*fields, "status", "joined_at", "left_at", "left_why"] if obj else fields

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        if obj is None:
            return []
        fixed = ["user", "group", "status", "joined_at", "left_at", "left_why"]
        return fixed if obj.status == Membership.Status.ACTIVE else [*fixed, "role"]

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Return False: an ended membership is kept, because it explains why access ended."""
        return False

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        if not change:
            made = services.add_member(obj.group_id, obj.user_id, role=obj.role, now=clock.now())
            obj.pk = made.pk
        elif "role" in form.changed_data or "role" not in form.fields:
            # Without the field the membership has ended, which the service says.
            services.change_role(obj.pk, role=obj.role)

    # -- ending and moving -------------------------------------------------------------------

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view
        return [
            path("add-person/", view(add_person_view), name="cohorts_membership_add_person"),
            path("<int:pk>/end/", view(self.end_view), name="cohorts_membership_end"),
            path("<int:pk>/move/", view(self.move_view), name="cohorts_membership_move"),
            *super().get_urls(),
        ]

    @admin.action(description="Move selected members to another group", permissions=["change"])
    def move_memberships(
        self, request: HttpRequest, queryset: QuerySet[Membership]
    ) -> HttpResponse:
        chosen = urlencode([("member", pk) for pk in queryset.values_list("pk", flat=True)])
        return redirect(f"{reverse('move-members')}?{chosen}")

    @admin.action(description="End selected memberships", permissions=["change"])
    def end_memberships(
        self, request: HttpRequest, queryset: QuerySet[Membership]
    ) -> HttpResponse | None:
        chosen = list(queryset.filter(status=Membership.Status.ACTIVE).select_related("user"))
        form = EndMembershipForm(request.POST if "confirmed" in request.POST else None)
        if not chosen:
            messages.error(request, "None of the selected memberships is active.")
            return None
        if form.is_valid():
            for membership in chosen:
                self._end(request, membership, form.cleaned_data)
            return None
        return confirmation_page(
            request,
            title="End memberships?",
            sentences=[
                "These people lose access to their group's channels and invitations immediately:"
            ],
            listed=[str(membership) for membership in chosen],
            hidden=[
                ("action", "end_memberships"),
                *((helpers.ACTION_CHECKBOX_NAME, m.pk) for m in chosen),
            ],
            form=form,
            button="End memberships",
            back=reverse(CHANGELIST),
            danger=True,
        )

    def end_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        membership = self._find(request, pk)
        back = next_page(request, reverse("admin:cohorts_membership_change", args=[pk]))
        form = EndMembershipForm(request.POST if request.method == "POST" else None)
        if form.is_valid():
            self._end(request, membership, form.cleaned_data)
            return redirect(back)
        return confirmation_page(
            request,
            title=f"End the membership of {membership}?",
            sentences=[
                "The person loses access to the group's channels and invitations immediately."
            ],
            form=form,
            button="End membership",
            back=back,
            danger=True,
        )

    def move_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Redirect to the page that moves one or several people."""
        membership = self._find(request, pk)
        return redirect(f"{reverse('move-members')}?member={membership.pk}")

    def _find(self, request: HttpRequest, pk: int) -> Membership:
        if not self.has_change_permission(request):
            raise PermissionDenied
        return get_object_or_404(
            Membership.objects.select_related("user", "group", "cohort"), pk=pk
        )

    def _end(self, request: HttpRequest, membership: Membership, said: dict[str, Any]) -> None:
        with shown_refusals(request):
            services.end_membership(
                membership.pk, status=said["status"], why=said["why"], now=clock.now()
            )
            messages.success(request, f"The membership of {membership} has ended.")


class AccessExceptionForm(ChangesForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "until" in self.fields:
            self.fields["until"].validators.append(check_year)
            # Django names neither of its two inputs.
            date, time = self.fields["until"].widget.widgets
            date.attrs["aria-label"], time.attrs["aria-label"] = "Until: date", "Until: time"

    def clean(self) -> dict[str, Any] | None:
        cleaned = super().clean() or {}
        until = cleaned.get("until")
        if self.instance.pk is None and until and until <= clock.now():
            self.add_error("until", "This time has passed. Choose a time in the future.")
        return cleaned


@admin.register(AccessException)
class AccessExceptionAdmin(ProtectedAdmin):
    form = AccessExceptionForm
    list_display = ["user", "group", "reason", "until", "created_by"]
    list_filter = ["group__cohort"]
    list_select_related = ["user", "group", "created_by"]
    search_fields = ["user__name", "user__email", "reason"]
    autocomplete_fields = ["user", "group"]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        fixed = ["created_at", "created_by"]
        return [*fixed, "user", "group"] if obj else fixed

    def lock(self, pk: int) -> None:
        """Lock the group first, as services do: saving an exception announces it."""
        lock_found(Group.objects.filter(access_exceptions=pk))
        super().lock(pk)

    def save_model(
        self, request: HttpRequest, obj: AccessException, form: Any, change: bool
    ) -> None:
        if not change:
            lock_groups([obj.group_id])
            same = AccessException.objects.filter(user=obj.user, group=obj.group, until=obj.until)
            if same.exists():  # a second click; who deletes one of two expects the access to end
                raise Refusal("excepted", f"{obj.user} has an exception until then already.")
            if isinstance(request.user, User):
                obj.created_by = request.user
        super().save_model(request, obj, form, change)


@admin.register(AccessState)
class AccessStateAdmin(ReadOnlyAdmin):
    list_display = ["user", "group", "provider", "state", "reason", "changed_at"]
    list_filter = ["provider", "state", "group__cohort"]
    list_select_related = ["user", "group"]
    search_fields = ["user__name", "user__email", "group__name"]
    ordering = ["-changed_at"]
