"""The outbox for staff: who is owed what, in which words, and why it was not sent."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from cohorts import clock
from cohorts.admin.base import ReadOnlyAdmin
from cohorts.messages import services
from cohorts.messages.models import Message, OutboxPart
from cohorts.messages.outlook import read_outlook, why_not_sent
from cohorts.messages.owed import NoLongerTrue
from cohorts.messages.rendering import words_of


@admin.register(Message)
class MessageAdmin(ReadOnlyAdmin):
    list_display = ["kind", "channel", "person", "group", "state", "due_at", "sent_at"]
    list_filter = ["state", "kind", "channel", "group__cohort"]
    list_select_related = ["user", "group"]
    search_fields = ["user__name", "user__nickname", "user__email", "group__name", "key"]
    search_help_text = "A person's name or address, a group's name, or a key"
    date_hierarchy = "due_at"
    ordering = ["-due_at", "-pk"]
    actions = ["try_again", "drop"]
    fieldsets = [
        (None, {"fields": ["kind", "channel", "user", "group", "state", "why_not_now"]}),
        ("Words", {"fields": ["words"]}),
        ("Times", {"fields": ["due_at", "cutoff_at", "tried_at", "next_try_at", "sent_at"]}),
        ("For whoever runs Lens", {"fields": ["key", "failures", "outside_id", "context"]}),
    ]

    def get_list_display(self, request: HttpRequest) -> list[str | Callable[[Any], str | bool]]:
        outlook = read_outlook(clock.now())  # read once, not at each row

        @admin.display(description="why not sent")
        def why(message: Message) -> str:
            return why_not_sent(message, outlook)

        return [*self.list_display, why]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        return ["why_not_now", "words"]

    @admin.display(ordering="user__name")
    def person(self, message: Message) -> str:
        """A name that leads to everything that this person was sent."""
        if message.user is None:
            return "-"
        address = reverse("admin:outbox_message_changelist")
        return format_html(
            '<a href="{}?user__id__exact={}">{}</a>', address, message.user_id, message.user
        )

    @admin.display(description="why not sent")
    def why_not_now(self, message: Message) -> str:
        return why_not_sent(message, read_outlook(clock.now())) or "It was sent."

    @admin.display(description="words")
    def words(self, message: Message) -> SafeString | str:
        """The words as fixed, else as facts would make them now."""
        try:
            words = words_of(message, clock.now())
        except NoLongerTrue as error:
            return f"It would not be sent now: {error.why}"
        except Exception as error:  # what stands here is the place to see it
            return f"The words cannot be made: {error}"
        shown = format_html('<pre style="white-space: pre-wrap">{}</pre>', words.text)
        if not words.html:
            return shown
        return format_html(
            "<p><strong>{}</strong></p>{}"
            '<iframe sandbox srcdoc="{}" title="As HTML" style="width: 100%; height: 24rem; '
            'border: 1px solid #ccc; background: #fff"></iframe>',
            words.subject,
            shown,
            words.html,
        )

    # -- actions ---------------------------------------------------------------------------------

    def has_settle_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("outbox.change_message")

    @admin.action(description="Try again now", permissions=["settle"])
    def try_again(self, request: HttpRequest, chosen: QuerySet[Message]) -> None:
        ids = _ids(chosen)
        done = services.owe_again(ids, now=clock.now())
        self._tell(request, done, len(ids), "to be tried now", "sent already, or too late")

    @admin.action(description="Do not send", permissions=["settle"])
    def drop(self, request: HttpRequest, chosen: QuerySet[Message]) -> None:
        ids = _ids(chosen)
        done = services.mark_dropped(*ids, why=f"{request.user} decided not to send it.")
        self._tell(request, done, len(ids), "not to be sent", "sent or closed already")

    def _tell(self, request: HttpRequest, done: int, of: int, what: str, rest: str) -> None:
        if done:
            messages.success(request, f"{done} of {of} {what}.")
        if done < of:
            messages.warning(request, f"{of - done} of {of} left as they are: {rest}.")


def _ids(chosen: QuerySet[Message]) -> list[int]:
    return list(chosen.values_list("pk", flat=True))


@admin.register(OutboxPart)
class OutboxPartAdmin(ReadOnlyAdmin):
    list_display = ["name", "trouble", "failing_since", "failures", "retry_at"]
    ordering = ["failing_since", "name"]
