"""The three roles of staff: permission groups that `migrate` creates and completes.

What each may do is in docs/staff-reference.md. A role can be extended by granting a person further
permissions, or by a group of one's own beside it. A group of the same name that holds anything
else is someone else's work and is left as it is.
"""

import logging
from collections.abc import Iterable
from typing import Any

from django.apps import apps
from django.contrib.auth.models import Group, Permission
from django.db import transaction
from django.db.models.signals import post_migrate

from lens.frame.sidebar import SECTIONS

logger = logging.getLogger(__name__)


def may(acts: str, *tables: str) -> tuple[str, ...]:
    """Return permission names: `may("add change", "cohorts.group")`."""
    names = (table.split(".") for table in tables)
    return tuple(f"{app}.{act}_{model}" for app, model in names for act in acts.split())


PROGRAMME_TABLES = tuple(table for section in SECTIONS for table in section.tables)
MACHINE_TABLES = (
    "bot.botheartbeat",
    "bot.guildmembership",
    "calendarsync.calendaraddress",
    "calendarsync.calendarcopy",
    "calendarsync.calendarevent",
    "calendarsync.calendarseries",
    "calendarsync.observedrsvp",
    "cohorts.installation",
    "discordsync.discordobject",
    "discordsync.dmchannel",
    "django_q.failure",
    "django_q.ormq",
    "django_q.schedule",
    "django_q.success",
    "sync.groupsync",
    "sync.providerstate",
    "sync.realizerequest",
    "sync.syncaction",
    "sync.syncrun",
    "sync.workerheartbeat",
)
VIEWING = (*may("view", *PROGRAMME_TABLES), *may("view", "cohorts.activityentry"))

ROLES: dict[str, tuple[str, ...]] = {
    "Viewer": VIEWING,
    "Programme manager": (
        *VIEWING,
        *may("add change delete", "cohorts.cohort", "cohorts.course", "cohorts.group"),
        *may("add change", "cohorts.user", "cohorts.membership", "meetings.attendance"),
        *may("add change delete", "cohorts.accessexception"),
        *may("add change", "guestvisits.guestvisit"),
        *may("change", "guestvisits.substitution", "meetings.meeting", "outbox.message"),
        *may("add", "outbox.message"),  # write to people of a cohort
        *may("delete", "cohorts.refusedsignin"),
        *may("add", "discordsync.removalapproval"),
        "cohorts.viewas_user",
    ),
    "Operator": (
        *VIEWING,
        *may("view", *MACHINE_TABLES),
        *may("change", "cohorts.group", "outbox.message", "outbox.outboxpart"),
        *may("add change", "discordsync.discordobject"),
        *may("add", "calendarsync.calendarseries", "discordsync.removalapproval"),
        *may("delete", "calendarsync.calendaraddress", "cohorts.refusedsignin"),
        "cohorts.viewas_user",
    ),
}


def make_roles(using: str = "default") -> None:
    """Create the roles that do not exist yet, and give each the permissions that it lacks.

    After a part of the migrations some permissions do not exist yet; the next `migrate` adds them.
    """
    found = permissions_by_name(using)
    with transaction.atomic(using):
        for name, names in ROLES.items():
            wanted = {found[each].pk for each in names if each in found}
            group, is_new = Group.objects.using(using).get_or_create(name=name)
            held = set() if is_new else set(group.permissions.values_list("pk", flat=True))
            missing = wanted - held
            if held - wanted:
                logger.info("The group %r has other permissions and is left as it is.", name)
            elif missing:
                group.permissions.add(*missing)


def permissions_by_name(using: str) -> dict[str, Permission]:
    rows: Iterable[Permission] = Permission.objects.using(using).select_related("content_type")
    return {f"{row.content_type.app_label}.{row.codename}": row for row in rows}


def connect_roles() -> None:
    """Have `migrate` call `make_roles`, once, after the permissions of all apps exist."""
    last = [app for app in apps.get_app_configs() if app.models_module is not None][-1]
    post_migrate.connect(_after_migrate, sender=last, dispatch_uid="lens.frame.roles")


def _after_migrate(*, using: str, **_: Any) -> None:
    make_roles(using)
