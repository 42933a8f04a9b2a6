"""The outbox: pending and sent messages, message kinds, preferences and the state of channels."""

from django.conf import settings
from django.db import models
from django.utils import timezone

from cohorts.models import Group

# What people read for each type of message, by name.  `notification` in registry.py fills it.
kind_titles: dict[str, str] = {}


def kind_title(kind: str) -> str:
    """Return the title of a type of message, also of one that this version no longer knows."""
    return kind_titles.get(kind) or kind.replace("_", " ").capitalize()


class Message(models.Model):
    """One message that follows from the facts.  The unique key ensures that it is created once."""

    class State(models.TextChoices):
        PENDING = "pending"
        SENDING = "sending"  # sending has begun; check whether it arrived before trying again
        SENT = "sent"
        EXPIRED = "expired", "not sent in time"
        DROPPED = "dropped", "no longer needed"
        UNSURE = "unsure", "may already have been sent"  # by the original, before a restore

    class Channel(models.TextChoices):
        EMAIL = "email", "e-mail"
        DISCORD_CHANNEL = "discord_channel", "Discord channel"
        DISCORD_DM = "discord_dm", "Discord direct message"

    key = models.CharField(max_length=120, unique=True)
    kind = models.CharField("type", max_length=30, db_index=True)
    channel = models.CharField(max_length=16, choices=Channel)
    group = models.ForeignKey(
        Group, on_delete=models.CASCADE, null=True, blank=True, related_name="messages"
    )
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        related_name="messages",
    )
    # Template data besides group and person: ids, which are looked up when it is sent, and a text
    # that staff edited.
    context = models.JSONField(default=dict, blank=True)
    state = models.CharField(max_length=8, choices=State, default=State.PENDING)
    due_at = models.DateTimeField("due")
    cutoff_at = models.DateTimeField("cutoff", help_text="Not sent after this time.")
    created_at = models.DateTimeField(default=timezone.now)
    tried_at = models.DateTimeField("last attempt", null=True, blank=True)
    next_try_at = models.DateTimeField("next retry", default=timezone.now)
    failures = models.PositiveIntegerField(default=0)
    not_sent_reason = models.CharField(max_length=300, blank=True)
    sent_at = models.DateTimeField("sent", null=True, blank=True)
    outside_id = models.CharField(max_length=200, blank=True)
    # A direct message failed: from then on it goes only by e-mail, never on both channels.
    fell_back_at = models.DateTimeField(null=True, blank=True)
    # Staff released it although the original may have sent it before.
    released_at = models.DateTimeField(null=True, blank=True)
    # The text as sent, stored before the first attempt so that a repetition is identical.
    subject = models.CharField(max_length=200, blank=True)
    body = models.TextField(blank=True)
    html = models.TextField("HTML", blank=True)

    class Meta:
        ordering = ["due_at", "pk"]
        indexes = [
            models.Index(
                fields=["channel", "next_try_at"],
                condition=models.Q(state__in=["pending", "sending"]),
                name="message_unsent",
            ),
            models.Index(
                fields=["due_at"], condition=models.Q(state="unsure"), name="message_unsure"
            ),
        ]

    def __str__(self) -> str:
        return f"{kind_title(self.kind)}: {self.user or self.group or self.get_channel_display()}"


UNSENT = (Message.State.PENDING, Message.State.SENDING)


class MessageKind(models.Model):
    """A kind of message and when this database first knew it.

    A kind that a new version introduces creates no messages for the time before the upgrade.
    """

    name = models.CharField(primary_key=True, max_length=30)
    known_since = models.DateTimeField()

    class Meta:
        verbose_name = "message type"
        ordering = ["name"]

    def __str__(self) -> str:
        return kind_title(self.name)


class MessageChoice(models.Model):
    """A person's delivery preference for a topic.  The default is e-mail."""

    class Route(models.TextChoices):
        EMAIL = "email", "E-mail"
        DISCORD_DM = "discord_dm", "Discord direct message"
        OFF = "off", "Off"

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="message_choices"
    )
    topic = models.CharField(max_length=30)
    route = models.CharField("delivery", max_length=10, choices=Route)

    class Meta:
        verbose_name = "message preference"
        verbose_name_plural = "message preferences"
        ordering = ["user", "topic"]
        constraints = [
            models.UniqueConstraint(fields=["user", "topic"], name="message_choice_once_a_topic")
        ]

    def __str__(self) -> str:
        return f"{self.user}: {self.topic}, {self.get_route_display()}"


class OutboxPart(models.Model):
    """A message source or a channel, which can fail as a whole.

    Its failure is recorded once here, not on each message.
    """

    name = models.CharField(primary_key=True, max_length=120)  # of a source or a channel
    issue = models.CharField("issue", max_length=300, blank=True)
    failing_since = models.DateTimeField(null=True, blank=True)
    failures = models.PositiveIntegerField(default=0)
    retry_at = models.DateTimeField("next retry", null=True, blank=True)
    # Nothing is sent on this channel until staff open it again.
    closed_at = models.DateTimeField("closed since", null=True, blank=True)
    alarmed_at = models.DateTimeField("reported at", null=True, blank=True)
    # Of a source that was not complete since: all its messages with an earlier cutoff are stored.
    collected_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = "delivery channel"
        verbose_name_plural = "delivery channels"
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name
