"""Distinguish our own writes, when the gateway reports them, from changes by hand.

A change is a mapping of subjects to values:

    member <person> <role>           given | taken
    overwrite <channel> <target>     <allowed bits> <denied bits> | "" when it is removed
    name <id>                        the new name
    parent <channel>                 the new category
    permissions <role>               the new bits

It is an echo if each value is the last one that we wrote, within 10 minutes.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from django.db.models.functions import Now

from discordsync.models import OwnWrite
from discordsync.plan.calls import Call

KEPT_FOR = timedelta(minutes=10)


def record_write(call: Call) -> None:
    """Store what a call will change.  Must run before the call.  At most one query."""
    OwnWrite.objects.bulk_create(
        [
            OwnWrite(subject=subject, value=value[:120], written_at=Now())
            for subject, value in describe(call).items()
        ],
        update_conflicts=True,
        unique_fields=["subject"],
        update_fields=["value", "written_at"],
    )


def are_own(changes: Mapping[str, str]) -> bool:
    written = OwnWrite.objects.filter(subject__in=changes, written_at__gt=Now() - KEPT_FOR)
    known = dict(written.values_list("subject", "value"))
    return all(known.get(subject) == value[:120] for subject, value in changes.items())


def delete_old() -> None:
    OwnWrite.objects.filter(written_at__lt=Now() - KEPT_FOR).delete()


def describe(call: Call) -> dict[str, str]:
    """Return what a call changes, as a mapping of subjects to values.  Pure."""
    body = call.body or {}
    match call.method, call.path.strip("/").split("/"):
        case ("PUT" | "DELETE") as method, ["guilds", _, "members", person, "roles", role]:
            return {f"member {person} {role}": "given" if method == "PUT" else "taken"}
        case "PUT", ["channels", channel, "permissions", target]:
            return {f"overwrite {channel} {target}": f"{body['allow']} {body['deny']}"}
        case "DELETE", ["channels", channel, "permissions", target]:
            return {f"overwrite {channel} {target}": ""}
        case "PATCH", ["channels", pk] | ["guilds", _, "roles", pk]:
            words = {"name": "name", "parent_id": "parent", "permissions": "permissions"}
            return {f"{words[key]} {pk}": str(value) for key, value in body.items()}
    return {}
