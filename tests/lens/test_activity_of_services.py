"""Every service that changes facts records who did it, or says here why not.

The code is read, not run: of each public function of a service module, what it calls in the product
is followed. One that reaches a write must reach a record of the activity too.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from cohorts.activity.registry import activity_kinds
from tests.support.processes import ROOT

PACKAGES = ("cohorts", "meetings", "guestvisits", "discordsync", "calendarsync", "lens")
# Modules that change facts beside those that are called services.
ALSO = {
    "cohorts.outbox.routing.preferences",
    "cohorts.roster.importing",
    "lens.desk.snoozing",
    "lens.personal_data.erasure",
    "meetings.attendance.corrections",
    "meetings.attendance.risks",
    "meetings.attendance.was_held",
    "meetings.rsvps",
    "meetings.writing.posting",
}
WRITES = {"save", "create", "update", "delete", "bulk_create", "bulk_update"} | {
    "get_or_create",
    "update_or_create",
}
OWN_STATE = "what Lens notes about its own work"
PART = "a part of a service that records it"

EXEMPT = {
    "cohorts.outbox.services": dict.fromkeys(
        [
            "claim",
            "begin",
            "mark_sent",
            "mark_failed",
            "mark_unclear",
            "mark_undelivered",
            "mark_unrenderable",
            "mark_dropped",
            "drop_obsolete",
            "expire_late",
            "delete_old",
        ],
        OWN_STATE,
    ),
    "cohorts.reconcile.services": dict.fromkeys(
        [
            "request_sync",
            "sync_changed_groups",
            "report_outside_change",
            "create_missing_rows",
            "end_wait",
            "record_adopted",
            "resync",
            "request_plan",
        ],
        OWN_STATE,
    ),
    "cohorts.roster.importing": dict.fromkeys(["named_cohorts", "preview_roster"], "reads only"),
    "cohorts.roster.waiting.services": dict.fromkeys(
        ["ask_for_import", "begin_attempt", "forget_finished"],
        "the import is recorded when it is carried out",
    ),
    "cohorts.services.provider_reports": {"report_access": "what providers report, for display"},
    "cohorts.services.account_emails": {
        "queue_password_email": "anyone may ask for it, for any address",
        "record_change_warnings": "a message about a change that is recorded",
    },
    "cohorts.services.installation": dict.fromkeys(
        ["break_seal", "accept_original", "accept_copy", "end_silence"],
        "the operator's answer, in the installation's own row",
    ),
    "cohorts.services.memberships": {"write_end": PART},
    "cohorts.services.sign_ins": {"store_profile": "Discord's name and picture of a person"},
    "cohorts.steps.services": {"begin_attempt": OWN_STATE},
    "discordsync.removal.services": {"take_back": "follows from reopening, which is recorded"},
    "discordsync.services": {
        "store_imported": PART,
        "record_hidden_channels": OWN_STATE,
        "record_use": "that a person has used the bot",
        "forget_past_events": OWN_STATE,
    },
    "guestvisits.ending.services": {"end_all": PART, "restore": PART},
    "guestvisits.merging.services": {"write_merge": PART},
    "guestvisits.services.booking": {"expect_guest": PART, "decline_home": PART},
    "lens.desk.snoozing": {"forget_past": "deletes what is over"},
    "guestvisits.breaks.services": {
        "write_plan": PART,
        "ask_again": PART,
        "restore_answers": PART,
    },
    "meetings.moving.services": {"write_decision": PART},
}


@dataclass
class Read:
    """What a function does itself: names that it calls, whether it writes, kinds it records."""

    calls: set[str] = field(default_factory=set)
    writes: bool = False
    kinds: set[str] = field(default_factory=set)


def _modules() -> dict[str, Path]:
    found = {}
    for package in PACKAGES:
        for path in (ROOT / package).rglob("*.py"):
            parts = path.relative_to(ROOT).with_suffix("").parts
            if not {"migrations", "sandbox"} & set(parts):
                found[".".join(parts)] = path
    return found


@cache
def _constants() -> dict[str, set[str]]:
    """Return the texts that modules of the product name, by the name."""
    found: dict[str, set[str]] = {}
    for path in _modules().values():
        for node in ast.parse(path.read_text()).body:
            if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant):
                for target in node.targets:
                    if isinstance(target, ast.Name) and node.value.value in activity_kinds:
                        found.setdefault(target.id, set()).add(str(node.value.value))
    return found


@cache
def _functions() -> dict[str, Read]:
    """Return every module-level function of the product, by its full name."""
    found = {}
    for module, path in _modules().items():
        tree = ast.parse(path.read_text())
        imported = {
            alias.asname or alias.name: f"{node.module}.{alias.name}"
            for node in ast.walk(tree)
            if isinstance(node, ast.ImportFrom)
            for alias in node.names
        }
        for node in tree.body:
            if isinstance(node, ast.FunctionDef):
                found[f"{module}.{node.name}"] = _read(node, module, imported)
    return found


def _read(function: ast.FunctionDef, module: str, imported: dict[str, str]) -> Read:
    done = Read()
    for node in ast.walk(function):
        if isinstance(node, ast.Name):
            done.calls.add(imported.get(node.id, f"{module}.{node.id}"))
        if isinstance(node, ast.Attribute):
            done.writes |= node.attr in WRITES and not _is_setting(node)
            if isinstance(node.value, ast.Name):
                done.calls.add(f"{imported.get(node.value.id, '')}.{node.attr}")
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            _note_kind(node, node.func.id, done)
    return done


def _is_setting(node: ast.Attribute) -> bool:
    """Whether it is `cache.delete` or the like, or of a set or hash."""
    return isinstance(node.value, ast.Name) and node.value.id in {"cache", "found", "taken"}


def _note_kind(node: ast.Call, name: str, done: Read) -> None:
    if name in {"record", "one_act", "_record", "_record_change"} and node.args:
        first = node.args[0]
        if isinstance(first, ast.Constant):
            done.kinds.add(str(first.value))
        if isinstance(first, ast.Name):
            done.kinds |= _constants().get(first.id, set())


def _follow(name: str) -> Read:
    """Return what a function does, with all that it calls in the product."""
    functions, total, waiting, seen = _functions(), Read(), [name], set()
    while waiting:
        one = waiting.pop()
        if one in seen or one not in functions:
            continue
        seen.add(one)
        if one.startswith("cohorts.activity."):
            continue
        total.writes |= functions[one].writes
        total.kinds |= functions[one].kinds
        waiting += functions[one].calls
    return total


def _services() -> list[str]:
    modules = {
        module
        for module in _modules()
        if module in ALSO or module.endswith(".services") or ".services." in module
    }
    return [
        name
        for name in _functions()
        if name.rpartition(".")[0] in modules and not name.rpartition(".")[2].startswith("_")
    ]


def _exempt() -> set[str]:
    return {f"{module}.{name}" for module, names in EXEMPT.items() for name in names}


def test_every_service_that_writes_records_who_did_it() -> None:
    silent = {name for name in _services() if (done := _follow(name)).writes and not done.kinds}
    assert silent - _exempt() == set()


def test_every_kind_that_is_recorded_is_registered_and_every_kind_is_recorded() -> None:
    recorded = {kind for done in _functions().values() for kind in done.kinds}
    by_the_admin = {"added", "changed", "deleted"}
    assert recorded <= set(activity_kinds)
    assert set(activity_kinds) - by_the_admin <= recorded


def test_every_exemption_is_of_a_service() -> None:
    assert _exempt() <= set(_services())
