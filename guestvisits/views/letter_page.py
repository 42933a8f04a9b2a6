"""What the pages share on which someone writes a letter: form, preview, sending."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpRequest, QueryDict

from cohorts.errors import Refusal
from cohorts.models import Cohort, Membership, User
from cohorts.validators import read_ids
from cohorts.words import count_people
from meetings.writing.letter_preview import LetterPreview, LetterReader, read_preview, show_letter
from meetings.writing.letter_text import LetterTextForm, read_letter_id
from meetings.writing.posting import post_letter
from meetings.writing.staff_letter import CHOSEN_PEOPLE, TEAM


@dataclass(kw_only=True)
class LetterPage:
    """One request to a page. A subclass says whom the letter goes to."""

    sender: User
    cohort: Cohort
    asked: QueryDict
    form: LetterTextForm
    now: datetime
    role: str = TEAM
    preview: LetterPreview | None = None
    sent: LetterPreview | None = None
    why_not: str = ""

    def members(self) -> QuerySet[Membership]:
        raise NotImplementedError

    def name_audience(self) -> str:
        return CHOSEN_PEOPLE

    def name_people(self, people: list[LetterReader]) -> str:
        return count_people(len(people))

    def advance(self, request: HttpRequest) -> bool:
        """Preview or send, as far as the form allows. Return whether the letter was sent, now or
        by an earlier request, after adding a message that says so. Another refusal becomes an error
        of the form."""
        action = self.asked.get("do", "")
        if not self.form.is_bound or not self.form.is_valid() or action == "edit":
            return False
        try:
            if action == "send":
                self._send()
            else:
                self._look()
        except Refusal as refusal:
            if refusal.code == "already_sent":
                messages.warning(request, refusal.sentence)
                return True
            self.form.add_error(None, refusal.sentence)
        if self.sent:
            messages.success(request, self._describe_sent(self.sent))
        return self.sent is not None

    def _look(self) -> None:
        self.preview = read_preview(self.form.letter, self.members(), self.now)

    def _send(self) -> None:
        """Send the letter, or preview it again if it would be another one."""
        try:
            self.sent = post_letter(
                self.cohort,
                self.members(),
                letter=self.form.letter,
                letter_id=read_letter_id(self.asked),
                audience=self.name_audience(),
                seen=self.asked.get("seen", ""),
                seen_readers=read_ids(self.asked.get("seen_readers", "").split(",")),
                sender=self.sender,
                now=self.now,
                role=self.role,
            )
        except Refusal as refusal:
            if refusal.code != "audience_changed":
                raise
            self._look()
            self.why_not = refusal.sentence

    def _describe_sent(self, sent: LetterPreview) -> str:
        gets = "gets" if len(sent.reached) == 1 else "get"
        said = f"{count_people(len(sent.reached))} {gets} the letter now."
        if sent.unreached:
            said += f" {self.name_people(sent.unreached)} cannot be reached for now."
        return said

    @property
    def status(self) -> int:
        return 400 if self.form.errors else 200

    def describe(self) -> dict[str, Any]:
        """Return the template context: the form, and the letter as the chosen person reads it, or
        the first who gets it."""
        context = {"form": self.form, "letter_id": read_letter_id(self.asked)}
        if self.preview is None:
            return context
        readers = [*self.preview.reached, *self.preview.unreached]
        chosen = self.asked.get("reader", "")
        reader = next((one for one in readers if str(one.id) == chosen), readers[0])
        return context | {
            "preview": self.preview,
            "why_not": self.why_not,
            "seen_readers": ",".join(str(one.id) for one in self.preview.readers),
            "reader": reader,
            "letter": show_letter(
                reader, self.preview.letter, self.sender, self.now, role=self.role
            ),
        }
