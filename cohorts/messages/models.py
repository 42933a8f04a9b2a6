"""The outbox: messages are owed, not fired."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils import timezone

from cohorts.models import Group


class Message(models.Model):
    """One message that facts made owed.  Its key makes sure that it is owed once."""

    class State(models.TextChoices):
        OWED = "owed"
        SENDING = "sending"  # the call was begun; whether it arrived is looked up before any other
        SENT = "sent"
        EXPIRED = "expired", "too late"
        DROPPED = "dropped", "no longer true"
        UNSURE = "unsure", "may already have been sent"  # by the original, before a restore

    class Channel(models.TextChoices):
        EMAIL = "email", "e-mail"
        DISCORD_CHANNEL = "discord_channel", "Discord channel"
        DISCORD_DM = "discord_dm", "Discord direct message"

    key = models.CharField(max_length=120, unique=True)
    kind = models.CharField(max_length=30, db_index=True)
    channel = models.CharField(max_length=16, choices=Channel)
    group = models.ForeignKey(
        Group, on_delete=models.CASCADE, null=True, blank=True, related_name="messages_owed"
    )
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        related_name="messages_owed",
    )
    # What the template needs besides group and person: plain ids, looked up when it is sent.
    context = models.JSONField(default=dict, blank=True)
    state = models.CharField(max_length=8, choices=State, default=State.OWED)
    due_at = models.DateTimeField()
    cutoff_at = models.DateTimeField(help_text="Never sent past this moment.")
    created_at = models.DateTimeField(default=timezone.now)
    tried_at = models.DateTimeField(null=True, blank=True)
    next_try_at = models.DateTimeField(default=timezone.now)
    failures = models.PositiveIntegerField(default=0)
    why_not = models.CharField(max_length=300, blank=True)
    sent_at = models.DateTimeField(null=True, blank=True)
    outside_id = models.CharField(max_length=200, blank=True)
    # It could not be sent directly: from then on it goes by e-mail, and never both ways.
    fell_back_at = models.DateTimeField(null=True, blank=True)
    # Staff had it sent although the original may have sent it before.
    released_at = models.DateTimeField(null=True, blank=True)
    # The words as sent, fixed before the first try so that a repetition is the same message.
    subject = models.CharField(max_length=200, blank=True)
    body = models.TextField(blank=True)
    html = models.TextField("HTML", blank=True)

    class Meta:
        ordering = ["due_at", "pk"]
        indexes = [
            models.Index(
                fields=["channel", "next_try_at"],
                condition=models.Q(state__in=["owed", "sending"]),
                name="message_unsent",
            ),
            models.Index(
                fields=["due_at"], condition=models.Q(state="unsure"), name="message_unsure"
            ),
        ]

    def __str__(self) -> str:
        return self.key


UNSENT = (Message.State.OWED, Message.State.SENDING)


class MessageKind(models.Model):
    """A kind of message, and since when there is such a kind here.

    A kind that comes with a new version owes nothing from before that version ran.
    """

    name = models.CharField(primary_key=True, max_length=30)
    known_since = models.DateTimeField()

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class MessageChoice(models.Model):
    """Which way a person wants messages on a topic.  Whoever chose nothing gets them by e-mail."""

    class Way(models.TextChoices):
        EMAIL = "email", "By e-mail"
        DIRECT = "discord_dm", "Directly on Discord"
        OFF = "off", "Not at all"

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="message_choices"
    )
    topic = models.CharField(max_length=30)
    way = models.CharField(max_length=10, choices=Way)

    class Meta:
        verbose_name = "choice of messages"
        verbose_name_plural = "choices of messages"
        ordering = ["user", "topic"]
        constraints = [
            models.UniqueConstraint(fields=["user", "topic"], name="message_choice_once_a_topic")
        ]

    def __str__(self) -> str:
        return f"{self.user}: {self.topic}, {self.get_way_display()}"


class OutboxPart(models.Model):
    """A part of the outbox that can fail as a whole: a source of messages, a channel.

    Its failure is one trouble here and not one at each message.
    """

    name = models.CharField(primary_key=True, max_length=120)  # a dotted path, or a channel
    trouble = models.CharField(max_length=300, blank=True)
    failing_since = models.DateTimeField(null=True, blank=True)
    failures = models.PositiveIntegerField(default=0)
    retry_at = models.DateTimeField(null=True, blank=True)
    # Nothing is sent here any more until staff open it again.
    shut_at = models.DateTimeField(null=True, blank=True)
    alarmed_at = models.DateTimeField(null=True, blank=True)  # staff were told of this failure

    class Meta:
        verbose_name = "part of the outbox"
        verbose_name_plural = "parts of the outbox"
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name
