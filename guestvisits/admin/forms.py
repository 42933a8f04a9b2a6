"""Forms for staff: the person, the home meeting to miss, the host meeting, and the reason."""

from datetime import datetime, timedelta
from typing import Any

from django import forms
from django.contrib.admin.widgets import AdminRadioSelect

from cohorts.admin_base.reader_time import show_both
from cohorts.models import Membership, User, set_up_group
from guestvisits.services.alternatives import Alternative, Alternatives
from meetings.models import Meeting

# Staff can book a replacement for a missed meeting for this long.
LOOK_BACK = timedelta(days=14)


def _pick(form: forms.Form, name: str) -> forms.ModelChoiceField:
    field = form.fields[name]
    assert isinstance(field, forms.ModelChoiceField)
    return field


class ChoosePersonForm(forms.Form):
    person = forms.ModelChoiceField(
        queryset=User.objects.none(), help_text="Everyone in a group that is set up."
    )

    def __init__(self, data: Any = None) -> None:
        super().__init__(data)
        active = Membership.objects.filter(set_up_group("group__"), status=Membership.Status.ACTIVE)
        _pick(self, "person").queryset = User.objects.filter(
            pk__in=active.values("user"), is_active=True
        )


class MeetingChoiceField(forms.ModelChoiceField):
    def label_from_instance(self, obj: Any) -> str:
        when = show_both(obj.starts_at, obj.group.timezone)
        return f"{obj.group} — {obj.group.cohort}, {obj.label}: {when}"


class HomeForm(forms.Form):
    home = MeetingChoiceField(queryset=Meeting.objects.none(), label="Meeting to miss")

    def __init__(self, data: Any = None, *, person: User, now: datetime) -> None:
        super().__init__(data)
        active = Membership.objects.filter(user=person, status=Membership.Status.ACTIVE)
        _pick(self, "home").queryset = (
            Meeting.objects.filter(
                set_up_group("group__"),
                group__in=active.values("group"),
                starts_at__gt=now - LOOK_BACK,
            )
            .select_related("group__cohort")
            .order_by("starts_at")
        )

    @property
    def has_meetings(self) -> bool:
        choices = _pick(self, "home").queryset
        return choices is not None and choices.exists()


class HostForm(forms.Form):
    """The meetings of the week. Choosing one that is not open requires a reason to overrule."""

    host = forms.TypedChoiceField(
        label="Meeting to visit",
        coerce=int,
        widget=AdminRadioSelect(attrs={"class": "radiolist"}),
        choices=[],
    )
    why = forms.CharField(
        label="Reason for overruling",
        max_length=300,
        required=False,
        help_text="Required for a meeting that is not open. It is saved with the visit and your "
        "name.",
    )

    def __init__(self, data: Any = None, *, found: Alternatives) -> None:
        super().__init__(data)
        field = self.fields["host"]
        assert isinstance(field, forms.TypedChoiceField)
        field.choices = [(option.meeting.pk, _describe(option)) for option in found.options]


class CancelVisitForm(forms.Form):
    why = forms.CharField(
        label="Reason",
        max_length=300,
        required=False,
        help_text="Required once the meeting has begun. It is saved with the visit and your name.",
    )


def _describe(option: Alternative) -> str:
    group = option.meeting.group
    line = f"{group} — {group.cohort}: {show_both(option.meeting.starts_at, group.timezone)}"
    if option.refusal:
        return f"{line} — not open: {option.refusal.sentence}"
    return line if option.seats_left is None else f"{line}, {option.seats_left} seats left"
