"""Admin for courses and cohorts."""

from typing import Any, cast

from django.contrib import admin
from django.db.models import Count, QuerySet
from django.http import HttpRequest, HttpResponseRedirect
from django.shortcuts import redirect

from cohorts.admin.roster import RosterMixin
from cohorts.admin_base.base import ChangesForm, ProtectedAdmin
from cohorts.admin_base.links import cohort_url
from cohorts.models import Cohort, Course, Group, User
from cohorts.services.locks import lock_found
from cohorts.services.terms import TERM_FIELDS, is_running
from cohorts.steps.admin import StepsMixin
from cohorts.validators import check_year

FINAL = "The cohort has ended, so its results are final."


class CohortForm(ChangesForm):
    """Cohort form that refuses to move the meetings of a running cohort without a preview, and to
    change the results of one that has ended."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in self.fields.keys() & {"start_date", "switching_until"}:
            self.fields[name].validators.append(check_year)
        rule = self.fields.get("allowed_absences")
        if rule and self.instance.has_ended:
            rule.disabled = "allowed_absences" not in self.data
            rule.help_text = FINAL

    def clean(self) -> dict[str, Any] | None:
        cleaned = super().clean()
        changed = [name for name in TERM_FIELDS if name in self.changed_data]
        if self.instance.pk and changed and is_running(self.instance.pk):
            self.add_error(
                changed[0],
                "People in this cohort have invitations. Use “Change start or number of "
                "meetings” above: it previews the consequences.",
            )
        if self.instance.has_ended and "allowed_absences" in self.changed_data:
            self.add_error("allowed_absences", FINAL)
        return cleaned


@admin.register(Course)
class CourseAdmin(ProtectedAdmin):
    list_display = ["name", "number_of_cohorts"]
    search_fields = ["name"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Course]:
        return super().get_queryset(request).annotate(cohort_count=Count("cohorts"))

    @admin.display(description="cohorts", ordering="cohort_count")
    def number_of_cohorts(self, course: Any) -> int:
        return course.cohort_count


@admin.register(Cohort)
class CohortAdmin(StepsMixin, RosterMixin, ProtectedAdmin):
    form = CohortForm
    list_display = ["name", "course", "start_date", "status"]
    list_filter = ["status", "course"]
    show_full_result_count = False  # a query for a number that the page shows already
    list_select_related = ["course"]
    search_fields = ["name", "course__name"]
    autocomplete_fields = ["course"]
    readonly_fields = ["status", "first_known_at", "ended_at"]
    fieldsets = [
        (
            None,
            {
                "fields": [
                    "course",
                    "name",
                    "start_date",
                    "number_of_meetings",
                    "meetings_per_group",
                    "country",
                ]
            },
        ),
        (
            "Status",
            {
                "fields": ["status", "first_known_at", "ended_at"],
                "description": "“End cohort” on the cohort's page shows first what would change.",
            },
        ),
        ("End and archive", {"fields": ["archive_days", "end_after_days"]}),
        (
            "Choosing a group",
            {"fields": ["is_joinable", "switching_until"]},
        ),
        (
            "Guest visits",
            {
                "fields": [
                    "guest_seats",
                    "booking_cutoff_hours",
                    "visits_per_person",
                    "guest_days_before",
                    "guest_days_after",
                ]
            },
        ),
        ("Attendance", {"fields": ["allowed_absences"]}),
        ("Substitutes", {"fields": ["substitute_alarm_hours"]}),
        ("Small groups", {"fields": ["smallest_group"]}),
        ("Joining", {"fields": ["join_reminder_days"]}),
    ]

    def lock(self, pk: int) -> None:
        """Lock the groups first, as services do: saving a cohort announces them."""
        lock_found(Group.objects.filter(cohort=pk))
        super().lock(pk)

    def response_post_save_change(self, request: HttpRequest, obj: Any) -> HttpResponseRedirect:
        """Stay with the cohort: its settings are a tab of its page."""
        return redirect("admin:cohorts_cohort_change", obj.pk)

    def response_post_save_add(self, request: HttpRequest, obj: Any) -> HttpResponseRedirect:
        return redirect(cohort_url(cast(User, request.user), obj.pk))
