"""Each visit remembers the start that the guest chose, so that a moved meeting shows."""

from django.db import migrations, models


def take_present_start(apps, schema_editor):
    meetings = apps.get_model("meetings", "Meeting").objects
    start = meetings.filter(pk=models.OuterRef("host_meeting")).values("starts_at")
    apps.get_model("guestvisits", "GuestVisit").objects.update(chosen_start=models.Subquery(start))


class Migration(migrations.Migration):
    dependencies = [("guestvisits", "0001_initial"), ("meetings", "0001_initial")]

    operations = [
        migrations.AddField(
            "guestvisit", "chosen_start", models.DateTimeField(editable=False, null=True)
        ),
        migrations.RunPython(take_present_start, migrations.RunPython.noop),
        migrations.AlterField("guestvisit", "chosen_start", models.DateTimeField(editable=False)),
        migrations.AddField(
            "guestvisit", "ended_why", models.CharField(blank=True, max_length=300)
        ),
        migrations.AlterField(
            "guestvisit",
            "end_reason",
            models.CharField(
                blank=True,
                choices=[
                    ("cancelled", "cancelled by the guest"),
                    ("cancelled_by_staff", "cancelled by staff"),
                    ("over", "the visit is over"),
                    ("host_moved", "the host meeting was moved"),
                    ("host_cancelled", "the host meeting was cancelled"),
                    ("host_group_ended", "the host group has ended"),
                    ("cohort_ended", "the cohort has ended"),
                    ("left", "the guest left the home group"),
                    ("became_member", "the guest became a member of the host group"),
                    ("deactivated", "the guest's account was closed"),
                ],
                max_length=20,
            ),
        ),
    ]
