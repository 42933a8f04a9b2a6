"""Forms for moving meetings, shared by the pages and the admin.

Times are wall time in the group's zone, like its slot.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, ClassVar

from django import forms

from cohorts.models import Group
from cohorts.validators import check_zone
from cohorts.zones import find_zone, known_zone, zone_names
from meetings.models import Meeting
from meetings.moving.moves import (
    Add,
    Cancel,
    ChangeSlot,
    Move,
    Postpone,
    PutLast,
    Reschedule,
    Restore,
)
from meetings.moving.wall_time import read_wall_time
from meetings.rhythm import Slot


class DateInput(forms.DateInput):
    input_type = "date"

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(format="%Y-%m-%d", **kwargs)


class TimeInput(forms.TimeInput):
    input_type = "time"

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(format="%H:%M", **kwargs)


class MoveForm(forms.Form):
    """One kind of move. `meeting` is None for moves that concern the whole group."""

    title: ClassVar[str]  # with placeholders "{meeting}" and "{group}"
    button: ClassVar[str]
    danger: ClassVar[bool] = False

    def __init__(
        self, data: Mapping[str, Any] | None, *, group: Group, meeting: Meeting | None
    ) -> None:
        self.group, self.chosen = group, meeting
        super().__init__(data, initial=self.first_values())

    @property
    def meeting(self) -> Meeting:
        assert self.chosen is not None
        return self.chosen

    @property
    def heading(self) -> str:
        label = ""
        if self.chosen:
            label = f"week {self.chosen.number} meeting" if self.chosen.number else "extra session"
        return self.title.format(meeting=label, group=self.group)

    def first_values(self) -> dict[str, Any]:
        """Return the initial values of the fields."""
        return {}

    def read(self) -> Move:
        """Return the move that a valid form describes. Raises Refusal("time_skipped")."""
        raise NotImplementedError


class _TimeForm(MoveForm):
    """A form with day, time and length."""

    day = forms.DateField(widget=DateInput)
    time = forms.TimeField(widget=TimeInput, help_text="In the group's time zone.")
    minutes = forms.IntegerField(label="Length in minutes", min_value=5, max_value=1440)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        zone = known_zone(self.group.timezone).replace("_", " ")
        self.fields["time"].help_text = f"Time zone: {zone}."

    def starts_at(self) -> datetime:
        said = self.cleaned_data
        return read_wall_time(said["day"], said["time"], self.group.timezone)


class RescheduleForm(_TimeForm):
    title = "Move {group}'s {meeting}"
    button = "Move meeting"

    def first_values(self) -> dict[str, Any]:
        local = self.meeting.starts_at.astimezone(find_zone(self.group.timezone))
        minutes = self.meeting.duration_minutes
        return {"day": local.date(), "time": local.time(), "minutes": minutes}

    def read(self) -> Move:
        return Reschedule(self.meeting.pk, self.starts_at(), self.cleaned_data["minutes"])


class CancelForm(MoveForm):
    title = "Cancel {group}'s {meeting}"
    button = "Cancel meeting"
    danger = True

    def read(self) -> Move:
        return Cancel(self.meeting.pk)


class RestoreForm(MoveForm):
    title = "Restore {group}'s {meeting} to its usual time"
    button = "Restore meeting"

    def read(self) -> Move:
        return Restore(self.meeting.pk)


class PostponeForm(MoveForm):
    title = "Postpone {group}'s {meeting}"
    button = "Postpone meeting"

    LATER, LAST = "later", "last"
    how = forms.ChoiceField(
        label="What to postpone",
        choices=[
            (LATER, "This meeting and all later ones, by a week"),
            (LAST, "Only this meeting, to a week after the last one"),
        ],
        widget=forms.RadioSelect,
        initial=LATER,
    )

    def first_values(self) -> dict[str, Any]:
        return {"how": self.LATER}

    def read(self) -> Move:
        is_last = self.cleaned_data["how"] == self.LAST
        return PutLast(self.meeting.pk) if is_last else Postpone(self.meeting.pk)


class PutLastForm(MoveForm):
    """For a meeting that did not take place: later meetings are not affected."""

    title = "Move {group}'s {meeting} to the end"
    button = "Move to the end"

    def read(self) -> Move:
        return PutLast(self.meeting.pk)


class AddForm(_TimeForm):
    title = "Add an extra session for {group}"
    button = "Add extra session"

    def first_values(self) -> dict[str, Any]:
        return {"minutes": self.group.duration_minutes, "time": self.group.start_time}

    def read(self) -> Move:
        return Add(self.group.pk, self.starts_at(), self.cleaned_data["minutes"])


class SlotForm(MoveForm):
    title = "Change {group}'s weekly time"
    button = "Change weekly time"

    from_day = forms.DateField(
        label="From this day on",
        widget=DateInput,
        help_text="Earlier meetings do not change.",
    )
    weekday = forms.TypedChoiceField(choices=Group.Weekday.choices, coerce=int)
    time = forms.TimeField(widget=TimeInput)
    zone = forms.ChoiceField(label="Time zone")
    minutes = forms.IntegerField(label="Length in minutes", min_value=5, max_value=1440)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        zone = self.fields["zone"]
        assert isinstance(zone, forms.ChoiceField)
        zone.choices = [(name, name) for name in sorted(zone_names() | {self.group.timezone})]

    def first_values(self) -> dict[str, Any]:
        group = self.group
        return {
            "weekday": group.weekday,
            "time": group.start_time,
            "zone": group.timezone,
            "minutes": group.duration_minutes,
        }

    def clean_zone(self) -> str:
        zone: str = self.cleaned_data["zone"]
        check_zone(zone)
        return zone

    def read(self) -> Move:
        said = self.cleaned_data
        slot = Slot(said["weekday"], said["time"], said["zone"], said["minutes"])
        return ChangeSlot(self.group.pk, said["from_day"], slot)


# Keyed by the last part of the page's URL.
MEETING_FORMS: dict[str, type[MoveForm]] = {
    "reschedule": RescheduleForm,
    "postpone": PostponeForm,
    "put-last": PutLastForm,
    "cancel": CancelForm,
    "restore": RestoreForm,
}
GROUP_FORMS: dict[str, type[MoveForm]] = {"add": AddForm, "slot": SlotForm}
