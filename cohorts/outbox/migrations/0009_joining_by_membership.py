from django.db import migrations


def key_by_membership(apps, schema_editor):
    """Messages about joining belong to a membership, no longer to a person and a group.

    Without the new key, people who joined in the last days would get the same message again. One
    whose membership no longer exists keeps its key: nothing refers to it.
    """
    Message = apps.get_model("outbox", "Message")
    Membership = apps.get_model("cohorts", "Membership")
    for message in Message.objects.filter(kind="member_joined").iterator():
        user_id = message.user_id or message.context.get("person")
        member = (
            Membership.objects.filter(
                group=message.group_id, user=user_id, joined_at__lte=message.due_at
            )
            .order_by("-joined_at", "-pk")
            .first()
        )
        membership = member.pk if member else None
        if member:
            suffix = "" if message.user_id else ":channel"
            message.key = f"member_joined:{member.pk}{suffix}"
        message.context = {"membership": membership}
        message.save(update_fields=["key", "context"])


class Migration(migrations.Migration):

    dependencies = [
        ("cohorts", "0026_failing_steps"),
        ("outbox", "0008_standard_names"),
    ]

    operations = [
        migrations.RunPython(key_by_membership, migrations.RunPython.noop),
    ]
