"""The form of a letter to people of a cohort."""

from __future__ import annotations

from typing import Any

from django import forms

from lens.desk.cohort_messages.letter_audiences import LetterAudiences
from meetings.writing.audience import AudienceKind
from meetings.writing.letter_text import LetterTextForm


class LetterForm(LetterTextForm):
    """Audience, subject and text. GET parameters are its initial values."""

    audience = forms.ChoiceField(label="To", widget=forms.RadioSelect)
    groups = forms.MultipleChoiceField(required=False, widget=forms.CheckboxSelectMultiple)
    people = forms.MultipleChoiceField(required=False, widget=forms.CheckboxSelectMultiple)
    field_order = ("audience", "groups", "people", "subject", "text")

    def __init__(self, *args: Any, audiences: LetterAudiences, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        fields: dict[str, Any] = self.fields
        fields["audience"].choices = list(audiences.list_kinds())
        fields["groups"].choices = list(audiences.list_groups())
        fields["people"].choices = [(str(one.pk), one.display_name) for one in audiences.named]
        if not audiences.named:
            del self.fields["people"]

    def clean(self) -> dict[str, Any]:
        """Refuse a choice below that does not fit the audience: one of them is a slip."""
        found = super().clean() or {}
        kind = found.get("audience")
        if kind == AudienceKind.GROUPS and not found.get("groups"):
            self.add_error("groups", "Choose at least one group.")
        if kind == AudienceKind.PEOPLE and not found.get("people"):
            self.add_error("people", "Choose at least one person.")
        if kind and kind != AudienceKind.GROUPS and found.get("groups"):
            self.add_error("groups", "Choose “Some groups” above, or untick the groups.")
        return found

    @property
    def ids(self) -> frozenset[int]:
        """The ids of the groups or people that the audience consists of."""
        kind = self.cleaned_data["audience"]
        chosen = self.cleaned_data.get(kind, ()) if kind in {"groups", "people"} else ()
        return frozenset(map(int, chosen))
