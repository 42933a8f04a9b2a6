"""The activity: who changed what, when, from what to what."""

from django.db import models


class ActivityEntry(models.Model):
    """One act. Entries are only added; an erasure empties what names the person.

    People, groups and cohorts are named by their ids, without a reference: an entry outlives them,
    holds no name, and writing it checks nothing. `actor` is None for what Lens did. `changes` maps
    what changed to its value before and after (see `cohorts.activity.recording`).
    """

    at = models.DateTimeField(db_index=True)
    actor = models.BigIntegerField("who", null=True)
    kind = models.CharField("what", max_length=40)
    cohort = models.BigIntegerField(null=True)
    group = models.BigIntegerField(null=True)
    other_group = models.BigIntegerField(null=True)  # of a move or a visit: where to
    person = models.BigIntegerField(null=True)
    about_type = models.CharField(max_length=80, blank=True)  # a model's label, in lower case
    about_id = models.CharField(max_length=64, blank=True)
    about = models.CharField(max_length=200, blank=True)  # only of objects that name no one
    changes = models.JSONField(default=dict)
    reason = models.TextField(blank=True)

    class Meta:
        verbose_name = "activity"
        verbose_name_plural = "activity"
        ordering = ["-pk"]
        default_permissions = ("view",)
        indexes = [
            models.Index(fields=["actor", "-id"], name="activity_actor"),
            models.Index(fields=["kind", "-id"], name="activity_kind"),
            models.Index(fields=["cohort", "-id"], name="activity_cohort"),
            models.Index(fields=["group", "-id"], name="activity_group"),
            models.Index(fields=["other_group", "-id"], name="activity_other_group"),
            models.Index(fields=["person", "-id"], name="activity_person"),
            models.Index(fields=["about_type", "about_id"], name="activity_about"),
        ]

    def __str__(self) -> str:
        return f"{self.kind}, {self.at:%Y-%m-%d %H:%M}"


class ActivitySubject(models.Model):
    """A group or person that an entry concerns besides those in its own columns: of a bulk act."""

    entry = models.ForeignKey(ActivityEntry, on_delete=models.CASCADE, related_name="subjects")
    group = models.BigIntegerField(null=True)
    person = models.BigIntegerField(null=True)

    class Meta:
        default_permissions = ()
        indexes = [
            models.Index(fields=["group", "entry"], name="activity_subject_group"),
            models.Index(fields=["person", "entry"], name="activity_subject_person"),
        ]

    def __str__(self) -> str:
        return f"{self.entry}: {self.group or self.person}"
