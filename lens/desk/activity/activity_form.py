"""The filters of the activity."""

from datetime import date, datetime, time, timedelta
from typing import Any

from django import forms
from django.utils.timezone import make_aware

from cohorts.activity.filtering import ActivityFilter
from cohorts.activity.registry import activity_kinds
from cohorts.models import ActivityEntry, Cohort, Group, User


class ActivityForm(forms.Form):
    """All fields are optional. Of a cohort's page, the cohort is fixed."""

    who = forms.ModelChoiceField(User.objects.none(), required=False, empty_label="Anyone")
    kind = forms.ChoiceField(label="What", required=False)
    cohort = forms.ModelChoiceField(Cohort.objects.all(), required=False, empty_label="All")
    group = forms.ModelChoiceField(Group.objects.none(), required=False, empty_label="All")
    since = forms.DateField(
        label="From", required=False, widget=forms.DateInput({"type": "date"}, format="%Y-%m-%d")
    )
    until = forms.DateField(
        label="To", required=False, widget=forms.DateInput({"type": "date"}, format="%Y-%m-%d")
    )
    people_only = forms.BooleanField(label="People only, not Lens itself", required=False)
    person = forms.IntegerField(required=False, min_value=1, widget=forms.HiddenInput)

    def __init__(self, data: Any, *, cohort: Cohort | None = None) -> None:
        super().__init__(data)
        self.of_cohort = cohort
        fields: dict[str, Any] = self.fields
        titles = sorted((title, name) for name, title in activity_kinds.items())
        fields["kind"].choices = [("", "Anything"), *((n, title) for title, n in titles)]
        actors = ActivityEntry.objects.filter(actor__isnull=False).order_by()
        staff = User.objects.filter(is_staff=True, pk__in=actors.values("actor"))
        fields["who"].queryset = staff.order_by("name")
        fields["group"].queryset = Group.objects.filter(cohort=cohort).order_by("name", "pk")
        del fields["cohort" if cohort else "group"]

    def read(self) -> ActivityFilter:
        """Return the filter; fields that are invalid filter nothing."""
        self.is_valid()
        said = self.cleaned_data
        until = said.get("until")
        return ActivityFilter(
            cohort=self.of_cohort.pk if self.of_cohort else _pk(said.get("cohort")),
            group=_pk(said.get("group")),
            person=said.get("person"),
            who=_pk(said.get("who")),
            kind=said.get("kind", ""),
            since=_midnight(said.get("since")),
            until=_midnight(until + timedelta(days=1)) if until and until < date.max else None,
            people_only=said.get("people_only", False),
        )


def _pk(row: Any) -> int | None:
    return row.pk if row else None


def _midnight(day: Any) -> datetime | None:
    """Return the beginning of a day in the reader's zone."""
    return make_aware(datetime.combine(day, time())) if day else None
