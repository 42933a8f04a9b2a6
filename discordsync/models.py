"""The record of what is ours in the guild."""

from __future__ import annotations

from django.db import models
from django.utils.timezone import now

from cohorts.models import Cohort, Group
from meetings.models import Meeting


class DiscordObject(models.Model):
    """One object of ours outside: made by us, or pointed at by staff.

    The row is committed *before* the call that makes the object, and holds its id afterwards; so a
    worker that dies in between leaves a trace from which the next one finds what was made.
    Deleting a cohort, group or meeting with objects outside is refused by the foreign keys.
    """

    class Kind(models.TextChoices):
        CATEGORY = "category"
        COHORT_CHANNEL = "cohort_channel", "cohort channel"
        ROLE = "role"
        TEXT_CHANNEL = "text_channel", "text channel"
        VOICE_CHANNEL = "voice_channel", "voice channel"
        EVENT = "event"

    key = models.CharField(max_length=60, unique=True)  # "role:12", "category:3:1", "event:77"
    kind = models.CharField(max_length=16, choices=Kind)
    cohort = models.ForeignKey(Cohort, on_delete=models.PROTECT, related_name="discord_objects")
    group = models.ForeignKey(
        Group, on_delete=models.PROTECT, null=True, blank=True, related_name="discord_objects"
    )
    meeting = models.ForeignKey(
        Meeting, on_delete=models.PROTECT, null=True, blank=True, related_name="discord_objects"
    )
    outside_id = models.BigIntegerField("Discord id", null=True, blank=True, unique=True)
    # Discord may answer with another name than was sent; the answered one is compared.
    name_sent = models.CharField(max_length=100, blank=True)
    name_answered = models.CharField(max_length=100, blank=True)
    # The intent: when it was written, and the ids of same-named objects that stood before.
    intended_at = models.DateTimeField(null=True, blank=True)
    seen_before = models.JSONField(default=list, blank=True)
    # When Discord was positively found not to know it any more; a record of it can be forgotten.
    gone_at = models.DateTimeField(null=True, blank=True)
    # Staff pointed this record at an existing object: it owes nobody a welcome.
    adopted = models.BooleanField(default=False)
    made_at = models.DateTimeField(default=now)

    class Meta:
        verbose_name = "Discord object"
        ordering = ["cohort", "group", "kind"]

    def __str__(self) -> str:
        return self.name_answered or self.name_sent or self.key


class HiddenCount(models.Model):
    """How many of the guild's channels, roles or events the bot cannot see.  They take up room.

    The gateway tells of hidden channels, which holds while the bot is connected.  Of anything else
    only a refusal tells, which is taken to hold for an hour.
    """

    class Source(models.TextChoices):
        GATEWAY = "gateway"
        REFUSAL = "refusal"

    kind = models.CharField(max_length=10)  # "channels", "roles", "events"
    source = models.CharField(max_length=8, choices=Source)
    count = models.PositiveIntegerField()
    categories = models.PositiveIntegerField(default=0)  # of these channels
    by_category = models.JSONField(default=dict, blank=True)  # category's id -> hidden channels
    noted_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["kind", "source"], name="hidden_count_once")]

    def __str__(self) -> str:
        return f"{self.count} {self.kind}, by {self.source}"


class OwnWrite(models.Model):
    """The value that we wrote last to a part of the guild, so that the bot recognizes its echo.

    Written before the call; the gateway may tell of the change before the call has an answer.
    """

    subject = models.CharField(primary_key=True, max_length=80)  # "member 12 34": person and role
    value = models.CharField(max_length=120, blank=True)
    written_at = models.DateTimeField(db_index=True)  # the database's time

    def __str__(self) -> str:
        return f"{self.subject}: {self.value}"


class DirectLine(models.Model):
    """Direct messages to one Discord account, which are possible since it has used the bot.

    It belongs to the account, not to the person: another account of the same person has not used
    the bot.
    """

    discord_id = models.BigIntegerField("Discord id", primary_key=True)
    used_at = models.DateTimeField("last used the bot")
    # Discord's channel for the two; asked for when the first message is sent.  How many were asked
    # for lately is what keeps the bot from opening too many.
    asked_at = models.DateTimeField(null=True, blank=True, db_index=True)
    channel_id = models.BigIntegerField(null=True, blank=True)
    closed_at = models.DateTimeField(null=True, blank=True)
    why_closed = models.CharField(max_length=300, blank=True)

    class Meta:
        verbose_name = "direct line"
        ordering = ["-used_at"]

    def __str__(self) -> str:
        return str(self.discord_id)


class VoiceWatch(models.Model):
    """When somebody listened to a group's voice channel.

    A bot that is connected prolongs its watches every few seconds.  One that dies, or doubts what
    it heard, leaves them as they were and begins new ones: in between nobody listened.
    """

    # One unbroken time of listening, of one bot; "" once it sees the channel no more.
    ear = models.CharField(max_length=32, blank=True)
    group = models.ForeignKey(Group, on_delete=models.CASCADE, related_name="voice_watches")
    channel_id = models.BigIntegerField()
    since = models.DateTimeField()
    # Not indexed: it is written every few seconds, and an index would be written with it.
    heard_until = models.DateTimeField()

    class Meta:
        verbose_name_plural = "voice watches"
        ordering = ["-since"]
        constraints = [
            models.UniqueConstraint(
                fields=["ear", "channel_id"],
                condition=~models.Q(ear=""),
                name="voice_watch_once",
            ),
            models.CheckConstraint(
                condition=models.Q(heard_until__gte=models.F("since")), name="voice_watch_forward"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.group} from {self.since}"


class VoiceStay(models.Model):
    """One Discord account in a voice channel of ours.  Written by the bot and by nothing else.

    An open one lasts as long as its watch, and no stay lasts longer.  Stays in channels that are
    not ours are never written down, and ours are forgotten after some days.
    """

    watch = models.ForeignKey(VoiceWatch, on_delete=models.CASCADE, related_name="stays")
    discord_id = models.BigIntegerField("Discord id")
    since = models.DateTimeField()
    until = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["since"]
        constraints = [
            models.UniqueConstraint(
                fields=["discord_id"],
                condition=models.Q(until__isnull=True),
                name="voice_stay_in_one_place",
            ),
            models.CheckConstraint(
                condition=models.Q(until__isnull=True) | models.Q(until__gte=models.F("since")),
                name="voice_stay_forward",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.discord_id} from {self.since}"
