"""The permission table of the admin: every model, and what staff may do with its rows."""

from __future__ import annotations

from tests.rights.doors import SUPERUSERS_ONLY

# What the admin offers for each table beside viewing, and its actions with what each needs.
MODELS: dict[str, str] = {
    "auth.group": "add change delete",
    "bot.botheartbeat": "",
    "bot.guildmembership": "",
    "calendarsync.calendaraddress": "delete",
    "calendarsync.calendarcopy": "",
    "calendarsync.calendarevent": "",
    "calendarsync.calendarseries": "add",
    "calendarsync.observedrsvp": "",
    "cohorts.accessexception": "add change delete",
    "cohorts.accessstate": "",
    "cohorts.cohort": "add change delete",
    "cohorts.course": "add change delete",
    "cohorts.erasurerequest": "",
    "cohorts.group": "add change delete",
    "cohorts.installation": "",
    "cohorts.membership": "add change",
    "cohorts.refusedsignin": "delete",
    "cohorts.user": "add change delete",
    "discordsync.dmchannel": "",
    "discordsync.discordobject": "add change",
    "django_q.failure": "",
    "django_q.ormq": "",
    "django_q.schedule": "",
    "django_q.success": "",
    "guestvisits.guestvisit": "add",
    "guestvisits.substitution": "",
    "meetings.attendance": "add change",
    "meetings.meeting": "",
    "meetings.meetingmove": "",
    "outbox.message": "",
    "outbox.messagechoice": "",
    "outbox.messagekind": "",
    "outbox.outboxpart": "",
    "sync.groupsync": "",
    "sync.providerstate": "",
    "sync.realizerequest": "",
    "sync.syncaction": "",
    "sync.syncrun": "",
    "sync.workerheartbeat": "",
}
# What staff need there beside, or in place of, the permission of that name; the first of them also
# opens the page of the app.
NEEDED: dict[tuple[str, str], tuple[str, ...]] = {
    **{("auth.group", act): (SUPERUSERS_ONLY,) for act in ("add", "change", "delete")},
    ("cohorts.user", "add"): ("cohorts.change_user", "cohorts.add_user"),
}
ACTIONS: dict[str, dict[str, str]] = {
    "cohorts.cohort": {"realize": "cohorts.change_group"},
    "cohorts.group": dict.fromkeys(("realize", "check_now", "withdraw"), "cohorts.change_group"),
    "cohorts.membership": dict.fromkeys(
        ("end_memberships", "move_memberships"), "cohorts.change_membership"
    ),
    "discordsync.discordobject": {"recreate": "discordsync.change_discordobject"},
    "outbox.message": dict.fromkeys(("retry", "drop", "send_anyway"), "outbox.change_message"),
    "outbox.outboxpart": {"resume": "outbox.change_outboxpart"},
}


def needed_for(label: str, act: str) -> tuple[str, ...]:
    app, model = label.split(".")
    return NEEDED.get((label, act), (f"{app}.{act}_{model}",))
