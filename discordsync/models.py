"""Records of the Discord objects, direct-message channels and voice sessions that we manage."""

from django.conf import settings
from django.db import models
from django.utils.timezone import now

from cohorts.models import Cohort, Group
from meetings.models import Meeting


class DiscordObject(models.Model):
    """A Discord object that we manage: created by us, or imported by staff.

    The row is committed *before* the call that creates the object, and receives the id afterwards.
    If a worker dies in between, the next one finds the created object with the help of the row.
    The foreign keys prevent deleting a cohort, group or meeting that still has such rows.
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
    outside_id = models.BigIntegerField("Discord ID", null=True, blank=True, unique=True)
    # Discord may change the name that it is sent; comparisons use the name that it returned.
    name_sent = models.CharField("name sent to Discord", max_length=100, blank=True)
    name_returned = models.CharField("name in Discord", max_length=100, blank=True)
    # Set before the creation call: its time, and the ids of same-named objects that existed then.
    intended_at = models.DateTimeField(null=True, blank=True)
    existed_before = models.JSONField(default=list, blank=True)
    # When Discord last confirmed that the object does not exist; staff can have the row forgotten.
    gone_at = models.DateTimeField("deleted at", null=True, blank=True)
    # Staff imported an existing object: no welcome message is sent for it.
    imported = models.BooleanField("imported", default=False)
    # What staff decided about a difference: {part: [choice, the value that it is about]}.
    decisions = models.JSONField(default=dict, db_default={}, blank=True)
    # Staff keep the object although its group has ended: Lens leaves it alone from then on.
    released_at = models.DateTimeField("kept since", null=True, blank=True)
    made_at = models.DateTimeField("created at", default=now)

    class Meta:
        verbose_name = "Discord object"
        ordering = ["cohort", "group", "kind"]
        # Each snapshot reads these few: without an index it would scan those of all years.
        indexes = [
            models.Index(
                fields=["group"],
                condition=models.Q(gone_at__isnull=True, released_at__isnull=True),
                name="discord_object_outside",
            ),
            models.Index(
                fields=["outside_id"],
                condition=models.Q(released_at__isnull=False),
                name="discord_object_kept",
            ),
        ]

    def __str__(self) -> str:
        return self.name_returned or self.name_sent or self.key


class RemovalApproval(models.Model):
    """Staff have approved, by name, that one object of an ended group is deleted in Discord.

    It is valid for a day, for this Discord id, and while the channel has no newer message.  It is
    deleted together with the record of its object.
    """

    target = models.OneToOneField(DiscordObject, on_delete=models.CASCADE, related_name="approval")
    outside_id = models.BigIntegerField("Discord ID")
    last_message_id = models.BigIntegerField(default=0)  # 0: none
    approved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+"
    )
    approved_at = models.DateTimeField()
    began_at = models.DateTimeField(null=True)  # of the last attempt to delete it

    class Meta:
        verbose_name = "approved removal"
        ordering = ["-approved_at", "-pk"]

    def __str__(self) -> str:
        return str(self.target)


class HiddenCount(models.Model):
    """The number of channels, roles or events that the bot cannot see but that count to the limits.

    `GATEWAY`: hidden channels, reported by the gateway; valid while the bot is connected.
    `REFUSAL`: inferred from a "guild is full" error; valid for one hour.
    """

    class Source(models.TextChoices):
        GATEWAY = "gateway"
        REFUSAL = "refusal"

    kind = models.CharField(max_length=10)  # "channels", "roles", "events"
    source = models.CharField(max_length=8, choices=Source)
    count = models.PositiveIntegerField()
    categories = models.PositiveIntegerField(default=0)  # of these channels
    by_category = models.JSONField(default=dict, blank=True)  # category's id -> hidden channels
    observed_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["kind", "source"], name="hidden_count_once")]

    def __str__(self) -> str:
        return f"{self.count} {self.kind}, by {self.source}"


class OwnWrite(models.Model):
    """The last value that we wrote to a part of the guild, so that the bot recognizes its echo.

    Written before the call, because the gateway may report the change before the call returns.
    """

    subject = models.CharField(primary_key=True, max_length=80)  # "member 12 34": account and role
    value = models.CharField(max_length=120, blank=True)
    written_at = models.DateTimeField(db_index=True)  # the database's time

    def __str__(self) -> str:
        return f"{self.subject}: {self.value}"


class DmChannel(models.Model):
    """The direct-message channel with one Discord account, possible since it has used the bot.

    It belongs to the account, not to the person: another account of the same person has not used
    the bot.
    """

    discord_id = models.BigIntegerField("Discord ID", primary_key=True)
    last_used_at = models.DateTimeField("last used the bot")
    # Discord's channel id is requested when the first message is sent.  Recent requests are counted
    # to limit how many new channels the bot opens.
    channel_requested_at = models.DateTimeField(
        "channel requested at", null=True, blank=True, db_index=True
    )
    channel_id = models.BigIntegerField(null=True, blank=True)
    refused_at = models.DateTimeField("refused at", null=True, blank=True)
    refused_reason = models.CharField("reason", max_length=300, blank=True)

    class Meta:
        verbose_name = "DM channel"
        ordering = ["-last_used_at"]

    def __str__(self) -> str:
        return str(self.discord_id)


class VoiceCoverage(models.Model):
    """A period during which a bot observed a group's voice channel.

    A connected bot extends its coverage every few seconds.  A bot that dies, or doubts its
    connection, stops extending it and starts new coverage; the time in between is unobserved.
    """

    # Identifies one uninterrupted observation by one bot; "" once the bot has stopped.
    listener = models.CharField(max_length=32, blank=True)
    group = models.ForeignKey(Group, on_delete=models.CASCADE, related_name="voice_coverage")
    channel_id = models.BigIntegerField()
    since = models.DateTimeField()
    # Not indexed: it is updated every few seconds, and the index would be updated with it.
    covered_until = models.DateTimeField()

    class Meta:
        verbose_name = "voice observation"
        ordering = ["-since"]
        constraints = [
            models.UniqueConstraint(
                fields=["listener", "channel_id"],
                condition=~models.Q(listener=""),
                name="voice_coverage_once",
            ),
            models.CheckConstraint(
                condition=models.Q(covered_until__gte=models.F("since")),
                name="voice_coverage_forward",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.group} from {self.since}"


class VoiceSession(models.Model):
    """A voice session: one Discord account in a group's voice channel.  Only the bot writes these.

    An open session lasts as long as its coverage, and no session outlasts its coverage.  Sessions
    in channels that are not ours are never stored; ours are deleted after some days.
    """

    coverage = models.ForeignKey(VoiceCoverage, on_delete=models.CASCADE, related_name="sessions")
    discord_id = models.BigIntegerField("Discord ID")
    since = models.DateTimeField()
    until = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = "voice session"
        ordering = ["since"]
        constraints = [
            models.UniqueConstraint(
                fields=["discord_id"],
                condition=models.Q(until__isnull=True),
                name="voice_session_in_one_place",
            ),
            models.CheckConstraint(
                condition=models.Q(until__isnull=True) | models.Q(until__gte=models.F("since")),
                name="voice_session_forward",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.discord_id} from {self.since}"
