"""What tests ask about a cohort that is set up in the sandbox's guild."""

from __future__ import annotations

from collections import Counter
from typing import Any

from cohorts.models import Group, User
from cohorts.reconcile.models import GroupSync, ProviderState
from cohorts.reconcile.services import resync
from discordsync.models import DiscordObject
from tests.support.cohort import work


def outside_id(key: str) -> str:
    return str(DiscordObject.objects.get(key=key).outside_id)


def look_again() -> None:
    """Have everything compared, as the hourly look does."""
    resync("discord")
    work("discord")


def trouble(group: Group) -> str:
    return GroupSync.objects.get(group=group, provider="discord").issue


def detail(group: Group) -> str:
    return GroupSync.objects.get(group=group, provider="discord").issue_detail


def mirror_trouble() -> str:
    return ProviderState.objects.get(provider="discord").issue


def made_since(sandbox: Any, since: int) -> Counter[str]:
    """What was written since a call, by method and the last word of the path."""
    shapes: Counter[str] = Counter()
    for call in sandbox.writes(since=since, service="discord"):
        words = [part for part in call["path"].split("/") if not part.isdecimal()]
        shapes[f"{call['method']} {words[-1]}"] += 1
    return shapes


def roles_of(sandbox: Any, person: User) -> set[str]:
    return set(sandbox.get("state")["discord"]["members"][str(person.discord_id)]["roles"])


def holders_of(sandbox: Any, key: str) -> set[int]:
    """The people who hold a role, by Discord id."""
    members = sandbox.get("state")["discord"]["members"]
    return {int(pk) for pk, member in members.items() if outside_id(key) in member["roles"]}


def create(sandbox: Any, kind: str, **fields: Any) -> int:
    return int(sandbox.post("create", {"kind": kind, "fields": fields})["id"])
