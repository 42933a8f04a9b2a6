"""The subject and text of a letter: the form's fields, and what a letter begins with."""

import re
import secrets

from django import forms
from django.http import QueryDict

from meetings.writing.staff_letter import PLACEHOLDERS, join_letter

SUBJECT_LENGTH, TEXT_LENGTH = 150, 3800
CAN_USE = "; ".join(f"{{{name}}}: {about}" for name, about in PLACEHOLDERS.items())
LETTER_ID = re.compile(r"[0-9a-f]{32}")
AT_RISK_DRAFT = (
    "We missed you",
    "We missed you at the last meetings of {group}. Is everything all right?\n\n"
    "Your next meeting: {next_meeting}.\n\n"
    "If you can't come at that time, “My meetings” shows other groups that you can join "
    "that week. If something else is in the way, please write to us.",
)


class LetterTextForm(forms.Form):
    subject = forms.CharField(
        max_length=SUBJECT_LENGTH, widget=forms.TextInput(attrs={"class": "vTextField"})
    )
    text = forms.CharField(
        max_length=TEXT_LENGTH,
        widget=forms.Textarea(attrs={"class": "vLargeTextField", "rows": 12}),
        help_text=(
            "Above it the letter says “Hello”, below it your name. An empty line begins a "
            f"paragraph, web addresses become links. You can use {CAN_USE}."
        ),
    )

    @property
    def letter(self) -> str:
        text = self.cleaned_data["text"].replace("\r\n", "\n")
        return join_letter(self.cleaned_data["subject"], text)


def read_letter_id(asked: QueryDict) -> str:
    """Return the id that a letter keeps from its form to its confirmation, or a new one."""
    letter_id = asked.get("letter_id", "")
    return letter_id if LETTER_ID.fullmatch(letter_id) else secrets.token_hex(16)
