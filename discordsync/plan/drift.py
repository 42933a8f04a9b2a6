"""Name the drift in the guild, about which staff decide: see `reconcile.differences`.  Pure.

For objects of live groups only.  What a cohort shares is named by its first live group.
"""

from collections.abc import Iterator

from cohorts.reconcile.differences import Drift, DriftChoice, DriftKind, DriftOption
from cohorts.words import count_people
from discordsync.desired import DesiredGroup
from discordsync.plan.diff import Diff, ObjectStatus, parents_of
from discordsync.plan.repairs import AddedPermissions, find_added
from discordsync.state import keys
from discordsync.state.permissions import name_permissions

IMPORTING = "discordsync.change_discordobject"  # the right to point Lens at any object


def find_drift(diff: Diff, group: DesiredGroup) -> tuple[Drift, ...]:
    if not group.live:
        return ()
    return tuple(one for key in _keys(diff, group) for one in _of_object(diff, group, key))


def _keys(diff: Diff, group: DesiredGroup) -> tuple[str, ...]:
    """Return the objects that the group answers for, those that others need first."""
    own = keys.of_group(group.id)
    first = diff.first_live(group.cohort_id)
    if first is None or first.id != group.id:
        return own
    categories = sorted(keys.categories_among(diff.desired.records, group.cohort_id))
    return (*categories, keys.cohort_channel(group.cohort_id), *own)


def _of_object(diff: Diff, group: DesiredGroup, key: str) -> Iterator[Drift]:
    match diff.status(key):
        case ObjectStatus.GONE:
            yield _deleted(diff, group, key)
        case ObjectStatus.HIDDEN:
            yield _hidden(diff, key)
        case ObjectStatus.EXISTS:
            yield from _renamed(diff, key)
            yield from _moved(diff, group, key)
            for added in find_added(diff, key):
                yield _with_permissions(diff, key, added)


def _describe(diff: Diff, key: str) -> str:
    """Return an object in words, such as “Text channel “heron””."""
    outside_id = diff.id_of(key) or 0
    sent, answered = diff.names_of(key)
    name = diff.observed.name_of(outside_id) or answered or sent
    return f"{keys.title_of(key).capitalize()} " + (f"“{name}”" if name else str(outside_id))


# -- objects that are gone or hidden -------------------------------------------------------------


def _deleted(diff: Diff, group: DesiredGroup, key: str) -> Drift:
    title = keys.title_of(key)
    forget = DriftOption(
        DriftChoice.FORGET,
        f"Lens stops missing it. No {title} is created until someone presses Realize, and a "
        "request to realize that is still open is withdrawn.",
    )
    # A group is set up without a cohort channel: Realize would not create a forgotten one.
    may_forget = keys.kind_of(key) != "cohort_channel"
    return Drift(
        key=f"{key} deleted",
        kind=DriftKind.DELETED,
        what=_describe(diff, key),
        ours=f"this {title} is in use",
        theirs="deleted in Discord",
        options=(
            DriftOption(DriftChoice.RECREATE, _recreated(diff, group, key)),
            *((forget,) if may_forget else ()),
            _replaced(title),
        ),
    )


def _hidden(diff: Diff, key: str) -> Drift:
    return Drift(
        key=f"{key} hidden",
        kind=DriftKind.HIDDEN,
        what=_describe(diff, key),
        ours=f"this {keys.title_of(key)} is in use",
        theirs="the bot cannot see it",
        options=(_replaced(keys.title_of(key)),),
        advice="Give the bot “View Channel” in its permissions in Discord. Lens then continues.",
    )


def _replaced(title: str) -> DriftOption:
    outcome = (
        f"Lens uses another {title}, which exists in Discord, from now on. It keeps its name; who "
        "has access to it is decided by Lens."
    )
    return DriftOption(DriftChoice.REPLACE, outcome, IMPORTING)


def _recreated(diff: Diff, group: DesiredGroup, key: str) -> str:
    """Return what recreating an object brings, and what it does not bring back."""
    number = _count_present(diff, group, key)
    gain = f"{count_people(number)} in the server {'gets' if number == 1 else 'get'} access"
    new = _NEW[keys.kind_of(key)].format(gain=gain)
    return new + _wait(diff, group, key) + _also(diff, group, key)


_NEW = {
    "role": "Creates a new role, which opens the group's channels: {gain}.",
    "text_channel": "Creates a new, empty channel: {gain}. Messages of the old one stay lost.",
    "cohort_channel": "Creates a new, empty channel: {gain}. Messages of the old one stay lost.",
    "voice_channel": "Creates a new voice channel: {gain}. Coming events then take place in it.",
    "category": "Creates a new category. Channels of the cohort without one are moved into it.",
}


def _count_present(diff: Diff, group: DesiredGroup, key: str) -> int:
    people = {person for one in _groups_with(diff, group, key) for person in one.people}
    return len(people & diff.observed.members.keys())


def _groups_with(diff: Diff, group: DesiredGroup, key: str) -> list[DesiredGroup]:
    """Return the group, or those with a role that share the object: the others are not realized."""
    if not keys.is_shared(key):
        return [group]
    live = diff.live_groups(group.cohort_id)
    return [one for one in live if diff.id_of(keys.role(one.id)) is not None]


def _also(diff: Diff, group: DesiredGroup, key: str) -> str:
    """Return what else recreating creates: what these groups lack, such as what was forgotten."""
    groups = _groups_with(diff, group, key)
    lacking = {part for one in groups for part in one.infrastructure if diff.id_of(part) is None}
    names = " and ".join(sorted({f"the {keys.title_of(part)}" for part in lacking}))
    return f" Also creates what else is missing: {names}." if lacking else ""


def _wait(diff: Diff, group: DesiredGroup, key: str) -> str:
    gone = [one for one in parents_of(key, group) if diff.status(one) is ObjectStatus.GONE]
    names = " and ".join(f"the {keys.title_of(one)}" for one in gone)
    return f" It waits until {names} has been recreated, too." if gone else ""


# -- objects that exist --------------------------------------------------------------------------


def _renamed(diff: Diff, key: str) -> Iterator[Drift]:
    found, (sent, answered) = diff.role(key) or diff.channel(key), diff.names_of(key)
    is_ours = sent and answered and sent == diff.desired.names[key]
    if found is None or not is_ours or found.name == answered:
        return
    role = diff.role(key)
    too_high = role is not None and not diff.can_manage(role)
    apply = DriftOption(DriftChoice.APPLY, f"Renames it to “{answered}” in Discord.")
    owner = "cohort" if keys.is_shared(key) else "group"
    kept = f"It stays “{found.name}” until the {owner} is renamed in Lens."
    keep = DriftOption(DriftChoice.KEEP, kept)
    yield Drift(
        key=f"{key} {keys.NAME}",
        kind=DriftKind.RENAMED,
        what=f"{keys.title_of(key).capitalize()} “{answered}”",
        ours=answered,
        theirs=found.name,
        options=(keep,) if too_high else (apply, keep),
        value=found.name,
        decided=diff.decision(key, keys.NAME, found.name),
        advice="Only a role below the bot's own can be renamed by Lens." if too_high else "",
    )


def _moved(diff: Diff, group: DesiredGroup, key: str) -> Iterator[Drift]:
    """Yield a channel that is in another category.  Without a category, it is moved back anyway."""
    channel, home = diff.channel(key), diff.channel(_category_of(group, key))
    if channel is None or home is None or not any(diff.names_of(key)):
        return
    if channel.parent_id in {None, home.id}:  # a category has no parent
        return
    place = diff.observed.name_of(channel.parent_id or 0)
    moved = f"Moves it back into “{home.name}”. Its permissions do not change."
    yield Drift(
        key=f"{key} {keys.PLACE}",
        kind=DriftKind.MOVED,
        what=_describe(diff, key),
        ours=f"in the category “{home.name}”",
        theirs=f"in the category “{place}”",
        options=(
            DriftOption(DriftChoice.APPLY, moved),
            DriftOption(DriftChoice.KEEP, f"It stays in “{place}”."),
        ),
        value=str(channel.parent_id),
        decided=diff.decision(key, keys.PLACE, str(channel.parent_id)),
    )


def _category_of(group: DesiredGroup, key: str) -> str:
    return keys.category(group.cohort_id, 1) if keys.is_shared(key) else group.category


def _with_permissions(diff: Diff, key: str, added: AddedPermissions) -> Drift:
    part, role = keys.overwrite(added.target), diff.target_name(added.target)
    described = _describe(diff, key)
    given, denied = name_permissions(added.allow), name_permissions(added.deny)
    theirs = [f"{role} may also: {given}"] if given else []
    theirs += [f"{role} may not: {denied}"] if denied else []
    back = "Takes these back." if added.wanted else "Removes this role from the permissions."
    return Drift(
        key=f"{key} {part}",
        kind=DriftKind.PERMISSIONS,
        what=f"Permissions of {described[0].lower()}{described[1:]}",
        ours="what Lens gives, and no more",
        theirs="; ".join(theirs),
        options=(
            DriftOption(DriftChoice.APPLY, f"{back} What Lens gives stays."),
            DriftOption(DriftChoice.KEEP, "They stay. Lens goes on keeping up what it gives."),
        ),
        value=added.value,
        decided=diff.decision(key, part, added.value),
    )
