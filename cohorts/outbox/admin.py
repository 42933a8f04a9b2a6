"""Admin for the outbox: messages with their text, and why they were not sent."""

from operator import itemgetter
from typing import Any, cast

from csp.constants import UNSAFE_INLINE
from csp.decorators import csp_update
from django.contrib import admin, messages
from django.db.models import Count, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import URLPattern, path, reverse
from django.utils.decorators import method_decorator
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.views.decorators.http import require_safe

from cohorts import clock
from cohorts.admin_base.base import ReadOnlyAdmin, TextFilter, admin_page
from cohorts.models import User
from cohorts.outbox import services
from cohorts.outbox.explanations import read_outlook, why_not_sent
from cohorts.outbox.health import parts
from cohorts.outbox.models import (
    UNSENT,
    Message,
    MessageChoice,
    MessageKind,
    OutboxPart,
    kind_title,
)
from cohorts.outbox.registry import MessageObsolete, notifications, topic_of, topics
from cohorts.outbox.rendering.links import hide_unsubscribe_links
from cohorts.outbox.rendering.render import MessageContent, get_content
from cohorts.outbox.rendering.samples import Sample, find_samples, preview_channels
from cohorts.validators import read_id
from cohorts.web.access import require, staff_may

# Mail clients only support inline styles, so e-mails use style attributes.  Pages that show an
# e-mail allow these attributes and show it in a frame without scripts; <style> stays forbidden.
SHOWS_EMAIL = {"style-src-attr": [UNSAFE_INLINE]}
SEE_MESSAGES = "outbox.view_message"  # a preview shows messages of real people


class KindFilter(admin.SimpleListFilter):
    """The types of messages by title.

    Every registered type is offered: to find those that occur, all messages would be read.
    """

    title = "type"
    parameter_name = "kind__exact"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return sorted(((kind, kind_title(kind)) for kind in notifications), key=itemgetter(1))

    def queryset(self, request: HttpRequest, queryset: QuerySet[Message]) -> QuerySet[Message]:
        return queryset.filter(kind=self.value()) if self.value() else queryset


def topic_title(name: str) -> str:
    return topics[name].title if name in topics else name


class TopicFilter(TextFilter):
    def show_text(self, text: str) -> str:
        return topic_title(text)


@admin.register(Message)
@method_decorator(csp_update(SHOWS_EMAIL), name="changeform_view")
class MessageAdmin(ReadOnlyAdmin):
    list_display = ["type", "channel", "person", "group", "state", "due_at", "sent_at", "why"]
    list_filter = ["state", KindFilter, "channel", "due_at", "group__cohort"]
    list_select_related = ["user", "group"]
    search_fields = ["user__name", "user__nickname", "user__email", "group__name", "key"]
    search_help_text = "A person's name or address, or a group's name"
    show_full_result_count = False  # counts all messages that were ever sent
    export_unread = ["body", "html"]
    ordering = ["-due_at", "-pk"]
    actions = ["retry", "send_anyway", "drop"]
    readonly_fields = ["type", "why_not_now", "content", "preview"]
    fieldsets = [
        (None, {"fields": ["type", "channel", "user", "group", "state", "why_not_now"]}),
        ("Text", {"fields": ["content", "preview"]}),
        ("Times", {"fields": ["due_at", "cutoff_at", "tried_at", "next_try_at", "sent_at"]}),
        ("For the operator", {"fields": ["key", "failures", "outside_id", "context"]}),
    ]

    def complete_rows(self, rows: list[Any]) -> None:
        """Explain why messages were not sent, with a constant number of queries."""
        outlook = read_outlook(clock.now(), rows)
        for row in rows:
            row.why_not_now = why_not_sent(row, outlook)

    @admin.display(description="type", ordering="kind")
    def type(self, message: Message) -> str:
        return kind_title(message.kind)

    @admin.display(description="why not sent")
    def why(self, message: Any) -> str:
        return message.why_not_now

    @admin.display(ordering="user__name")
    def person(self, message: Message) -> str:
        """Return the person's name, linked to all messages to them."""
        if message.user is None:
            return "-"
        address = reverse("admin:outbox_message_changelist")
        return format_html(
            '<a href="{}?user__id__exact={}">{}</a>', address, message.user_id, message.user
        )

    @admin.display(description="why not sent")
    def why_not_now(self, message: Message) -> str:
        return why_not_sent(message, read_outlook(clock.now(), [message])) or "–"

    @admin.display(description="other channels")
    def preview(self, message: Message) -> SafeString:
        address = reverse("admin:outbox_preview", args=[message.kind])
        return format_html('<a href="{}?message={}">Preview</a>', address, message.pk)

    @admin.display(description="text")
    def content(self, message: Message) -> SafeString | str:
        """Return the stored text, or the text as it would be rendered now."""
        try:
            content = get_content(message, clock.now())
        except MessageObsolete as error:
            return f"It would no longer be sent: {error.why}"
        except Exception as error:  # this page is where staff see template errors
            return f"The text cannot be rendered: {error}"
        return show_content(content)

    # -- actions ---------------------------------------------------------------------------------

    def has_send_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("outbox.change_message")

    @admin.action(description="Retry now", permissions=["send"])
    def retry(self, request: HttpRequest, chosen: QuerySet[Message]) -> None:
        ids = _ids(chosen)
        done = services.retry_now(ids, now=clock.now())
        self._report(
            request,
            done,
            len(ids),
            "will be retried now",
            "already sent, on their way, or too late",
        )

    @admin.action(description="Send anyway (may send it twice)", permissions=["send"])
    def send_anyway(self, request: HttpRequest, chosen: QuerySet[Message]) -> None:
        ids = _ids(chosen)
        done = services.send_anyway(ids, now=clock.now())
        self._report(
            request, done, len(ids), "will be sent now", "not waiting for a decision, or too late"
        )

    @admin.action(description="Cancel sending", permissions=["send"])
    def drop(self, request: HttpRequest, chosen: QuerySet[Message]) -> None:
        ids = _ids(chosen)
        done = services.drop_chosen(ids, by=cast(User, request.user))
        self._report(request, done, len(ids), "will not be sent", "already sent or closed")

    def _report(self, request: HttpRequest, done: int, of: int, what: str, rest: str) -> None:
        if done:
            messages.success(request, f"{done} of {of} messages {what}.")
        if done < of:
            messages.warning(request, f"{of - done} of {of} messages unchanged: {rest}.")


def _ids(chosen: QuerySet[Message]) -> list[int]:
    return list(chosen.values_list("pk", flat=True))


def show_content(content: MessageContent) -> SafeString:
    text, html = map(hide_unsubscribe_links, (content.text, content.html))
    shown = format_html('<pre class="lens-message">{}</pre>', text)
    if not content.html:
        return shown
    return format_html(
        "<p><strong>{}</strong></p>{}"
        '<iframe sandbox srcdoc="{}" title="As HTML" class="lens-email"></iframe>',
        content.subject,
        shown,
        html,
    )


@admin.register(MessageKind)
@method_decorator(csp_update(SHOWS_EMAIL), name="preview")
class MessageKindAdmin(ReadOnlyAdmin):
    """The kinds of messages, each with a preview of its text."""

    list_display = ["title", "topic", "known_since", "waiting", "sent", "links"]
    ordering = ["name"]

    def get_list_display(self, request: HttpRequest) -> list[Any]:
        if staff_may(cast(User, request.user), SEE_MESSAGES):
            return self.list_display
        return [name for name in self.list_display if name != "links"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[MessageKind]:
        return super().get_queryset(request).annotate(waits=_count(*UNSENT), went=_count("sent"))

    @admin.display(description="name", ordering="name")
    def title(self, kind: MessageKind) -> str:
        return str(kind)

    @admin.display(description="topic")
    def topic(self, kind: MessageKind) -> str:
        name = topic_of(kind.name)
        return topics[name].title if name else "-"

    @admin.display(ordering="waits")
    def waiting(self, kind: Any) -> int:
        return kind.waits

    @admin.display(ordering="went")
    def sent(self, kind: Any) -> int:
        return kind.went

    @admin.display(description="")
    def links(self, kind: MessageKind) -> SafeString:
        return format_html(
            '<a href="{}">Preview</a> · <a href="{}?kind__exact={}">Messages</a>',
            reverse("admin:outbox_preview", args=[kind.name]),
            reverse("admin:outbox_message_changelist"),
            kind.name,
        )

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(require_safe(self.preview))
        return [path("<slug:kind>/preview/", view, name="outbox_preview"), *super().get_urls()]

    def preview(self, request: HttpRequest, kind: str) -> HttpResponse:
        """Show real messages on each channel side by side.  Nothing is sent or stored."""
        require(request, SEE_MESSAGES)
        if kind not in notifications:
            raise Http404("There is no such message type.")
        samples = find_samples(kind, clock.now())
        chosen = _choose(samples, kind, request.GET.get("message", ""))
        return admin_page(
            request,
            "admin/outbox/preview.html",
            f"Preview: {kind_title(kind)}",
            kind=kind,
            kind_title=kind_title(kind),
            kinds=[(name, kind_title(name)) for name in sorted(notifications, key=kind_title)],
            samples=[(_name_of(sample), sample, sample == chosen) for sample in samples],
            chosen=chosen,
            previews=[
                (preview, preview.content and show_content(preview.content))
                for preview in (preview_channels(chosen) if chosen else [])
            ],
        )


def _count(*states: str) -> Coalesce:
    rows = Message.objects.filter(kind=OuterRef("name"), state__in=states).order_by()
    counted = rows.values("kind").annotate(n=Count("pk")).values("n")
    return Coalesce(Subquery(counted), 0)


def _name_of(sample: Sample) -> str:
    """Return the URL parameter of a sample: the id of its row, or its key if it is unsaved."""
    return str(sample.message.pk or sample.message.key)


def _choose(samples: list[Sample], kind: str, name: str) -> Sample | None:
    """Return the requested sample, even if it is older than those listed, or else the newest."""
    for sample in samples:
        if _name_of(sample) == name:
            return sample
    if pk := read_id(name):
        row = Message.objects.filter(kind=kind, pk=pk).first()
        return Sample(row, clock.now()) if row else None
    return samples[0] if samples else None


@admin.register(OutboxPart)
class OutboxPartAdmin(ReadOnlyAdmin):
    list_display = ["title", "issue", "failing_since", "failures", "retry_at", "closed_at"]
    ordering = ["failing_since", "name"]
    actions = ["resume"]

    @admin.display(description="name", ordering="name")
    def title(self, part: OutboxPart) -> str:
        """Return the name of a channel as people read it; a source has only one name."""
        return dict(Message.Channel.choices).get(part.name, part.name)

    def has_send_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("outbox.change_outboxpart")

    @admin.action(description="Resume sending", permissions=["send"])
    def resume(self, request: HttpRequest, chosen: QuerySet[OutboxPart]) -> None:
        for part in chosen:
            parts.reopen(part.name)
        messages.success(request, "Sending resumed.")


@admin.register(MessageChoice)
class MessageChoiceAdmin(ReadOnlyAdmin):
    list_display = ["user", "about", "route"]
    list_filter = [("topic", TopicFilter), "route"]
    list_select_related = ["user"]
    search_fields = ["user__name", "user__nickname", "user__email"]
    fields = ["user", "about", "route"]
    readonly_fields = ["about"]

    @admin.display(description="topic", ordering="topic")
    def about(self, choice: MessageChoice) -> str:
        return topic_title(choice.topic)
