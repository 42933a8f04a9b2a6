"""The filters of the activity."""

from datetime import date, datetime, time, timedelta
from typing import Any

from django import forms
from django.db.models import QuerySet
from django.utils.timezone import make_aware

from cohorts.activity.filtering import of_cohort, of_group, of_person
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

    def find_entries(self) -> QuerySet[ActivityEntry]:
        """Return the entries, latest first; fields that are invalid filter nothing."""
        self.is_valid()
        said = self.cleaned_data
        rows = ActivityEntry.objects.all()
        if cohort := self.of_cohort or said.get("cohort"):
            rows = rows.filter(of_cohort(cohort.pk))
        if group := said.get("group"):
            rows = rows.filter(of_group(group.pk))
        if person := said.get("person"):
            rows = rows.filter(of_person(person))
        if who := said.get("who"):
            rows = rows.filter(actor=who.pk)
        if kind := said.get("kind"):
            rows = rows.filter(kind=kind)
        if since := said.get("since"):
            rows = rows.filter(at__gte=_midnight(since))
        if (until := said.get("until")) and until < date.max:
            rows = rows.filter(at__lt=_midnight(until + timedelta(days=1)))
        return rows.filter(actor__isnull=False) if said.get("people_only") else rows


def _midnight(day: date) -> datetime:
    """Return the beginning of a day in the reader's zone."""
    return make_aware(datetime.combine(day, time()))
