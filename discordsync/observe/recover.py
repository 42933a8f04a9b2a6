"""Find our objects that have no record, after an interrupted call or as orphans.  Pure.

    object          recognized by                                        taken when
    category, role  an intent: same name, new since, bare, unrecorded    its record has no id
    cohort channel  the mark in its topic                                its record has no id
    text channel    the mark in its topic                                its record has no id
    voice channel   the group's role in its overwrites, new since        its record has no id
    event           the mark in its description                          its record has no id
    an orphan       a mark without a record, or whose object is gone     only if staff adopt it

Marked objects without a record or an open intent are orphans until staff adopt them.  A clone
becomes one when its original is deleted, since it has the same topic: the group or cohort that the
mark names is held.  Many orphans without any record suggest that this database is older than the
Discord server, and everything is held (cohorts.reconcile.values.Orphans).  Adopting a text
channel also adopts its group's role, voice channel and category, which carry no mark.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import timedelta
from itertools import chain

from cohorts.reconcile.values import Orphans
from discordsync.state import keys, permissions
from discordsync.state.facts import DiscordSnapshot, Record
from discordsync.state.observed import (
    CATEGORY,
    MEMBER,
    ROLE,
    VOICE,
    ObservedChannel,
    ObservedGuild,
    ObservedRole,
    Overwrite,
    moment_of,
)

SLACK = timedelta(minutes=1)


def find_lost(snapshot: DiscordSnapshot, observed: ObservedGuild) -> dict[str, int]:
    """Return the ids of objects whose records have none yet, by key."""
    found: dict[str, int] = {}
    taken = _taken(snapshot)
    waiting = [record for record in snapshot.records.values() if record.outside_id is None]
    # Roles first: text and voice channels are found by them.
    for record in sorted(waiting, key=lambda r: keys.kind_of(r.key) != "role"):
        candidates = set(_candidates(record, snapshot, observed, found)) - taken
        if candidates:
            found[record.key] = min(candidates)  # the oldest
            taken.add(found[record.key])
    return found


def _taken(snapshot: DiscordSnapshot) -> set[int | None]:
    """Return the ids that have a record, including those of objects that staff keep."""
    return {record.outside_id for record in snapshot.records.values()} | snapshot.released


def _candidates(
    record: Record, snapshot: DiscordSnapshot, observed: ObservedGuild, found: dict[str, int]
) -> Iterable[int]:
    channels, events = observed.channels.values(), observed.events.values()
    match keys.kind_of(record.key):
        case "role":
            bare = [r for r in observed.roles.values() if _is_bare(r, observed)]
            return _created_with_name(record, bare)
        case "category":
            return _created_with_name(record, [c for c in channels if c.type == CATEGORY])
        case "event":
            return [e.id for e in events if _marked(e.description, record, snapshot)]
        case "voice_channel":
            role = _role_of(record, snapshot, found)
            return _created_since(record, [c for c in channels if _is_opened_by(c, role, VOICE)])
        case _:
            return [c.id for c in channels if _marked(c.topic, record, snapshot)]


def _created_with_name(
    record: Record, objects: Iterable[ObservedRole | ObservedChannel]
) -> list[int]:
    """Return the ids of objects with the record's name that did not exist before the intent."""
    same = [o for o in objects if o.name == record.name_sent and o.id not in record.existed_before]
    return _created_since(record, same)


def _created_since(record: Record, objects: Iterable[ObservedRole | ObservedChannel]) -> list[int]:
    """Return the ids of objects that are at most one minute older than the intent."""
    begun = record.intended_at
    return [o.id for o in objects if begun and moment_of(o.id) >= begun - SLACK]


def _is_bare(role: ObservedRole, observed: ObservedGuild) -> bool:
    return not role.permissions and not observed.holders(role.id)


def _marked(text: str, record: Record, snapshot: DiscordSnapshot) -> bool:
    return keys.read_mark(text) == (snapshot.installation, record.key)


def _role_of(record: Record, snapshot: DiscordSnapshot, found: dict[str, int]) -> int | None:
    key = keys.role(keys.number_of(record.key))
    known = snapshot.records.get(key)
    return found.get(key) or (known.outside_id if known else None)


def _is_opened_by(channel: ObservedChannel, role_id: int | None, kind: int) -> bool:
    return channel.type == kind and role_id is not None and role_id in channel.overwrites


# -- orphans ---------------------------------------------------------------------------------


def find_orphans(snapshot: DiscordSnapshot, observed: ObservedGuild) -> dict[str, int]:
    """Return objects with our installation's mark that no record explains, by key, and those that
    belong to them: a text channel leads to its role, its voice channel and its category."""
    taken = _taken(snapshot)
    known = _known_keys(snapshot)
    marked: dict[str, int] = {}
    for pk, key in _our_marks(snapshot, observed):
        if key in known and pk not in taken and _is_unexplained(key, snapshot, observed):
            marked.setdefault(key, pk)
    for key in [key for key in marked if keys.kind_of(key) == "text_channel"]:
        marked |= _find_related(key, observed.channels[marked[key]], snapshot, observed)
    return marked


def held_by(
    orphans: Mapping[str, int], snapshot: DiscordSnapshot, observed: ObservedGuild
) -> Orphans:
    """Return the orphans' names, and the groups and cohorts that their marks name; nothing if staff
    have said that they are ours."""
    if snapshot.adopt:
        return Orphans()
    owners = {key: owner for key in orphans if (owner := _owner(key, snapshot))}
    named = set(owners.values())
    return Orphans(
        names=tuple(observed.name_of(pk) for pk in orphans.values()),
        groups=frozenset(pk for kind, pk in named if kind == "group"),
        cohorts=frozenset(pk for kind, pk in named if kind == "cohort"),
        unrecorded=len({owners[key] for key in owners if key not in snapshot.records}),
    )


def _owner(key: str, snapshot: DiscordSnapshot) -> tuple[str, int] | None:
    """Return the group or cohort that a mark names; None for an object found without a mark."""
    number = keys.number_of(key)
    match keys.kind_of(key):
        case "cohort_channel":
            return "cohort", number
        case "text_channel":
            return "group", number
        case "event":
            groups = snapshot.groups.values()
            return "group", next(g.id for g in groups for m in g.meetings if m.id == number)
    return None


def _is_unexplained(key: str, snapshot: DiscordSnapshot, observed: ObservedGuild) -> bool:
    """Return whether the key has no record, or a record whose object is gone."""
    record = snapshot.records.get(key)
    return record is None or record.outside_id in observed.gone


def _known_keys(snapshot: DiscordSnapshot) -> frozenset[str]:
    """Return the keys of the snapshot's cohorts, groups and future meetings."""
    return frozenset(
        [keys.cohort_channel(pk) for pk in snapshot.cohorts]
        + [keys.text_channel(pk) for pk in snapshot.groups]
        + [keys.event(pk) for pk in snapshot.meetings_ahead]
    )


def find_unknown(snapshot: DiscordSnapshot, observed: ObservedGuild) -> frozenset[str]:
    """Return the keys in our installation's marks that are not in the snapshot: history, unless the
    database knows their groups."""
    marked = {key for _, key in _our_marks(snapshot, observed)}
    return frozenset(marked - _known_keys(snapshot))


def find_unknown_accounts(snapshot: DiscordSnapshot, observed: ObservedGuild) -> frozenset[int]:
    """Return the accounts with one of our roles, or an overwrite, that the snapshot lacks."""
    roles = {r.outside_id for key, r in snapshot.records.items() if keys.kind_of(key) == "role"}
    holders = {pk for pk, held in observed.members.items() if not roles.isdisjoint(held)}
    overwrites = chain.from_iterable(c.overwrites.values() for c in observed.channels.values())
    let_in = {held.target for held in overwrites if held.type == MEMBER}
    return frozenset((holders | let_in) - snapshot.known_people.keys())


def _our_marks(snapshot: DiscordSnapshot, observed: ObservedGuild) -> Iterator[tuple[int, str]]:
    """Yield the Discord id and the key of each object with our installation's mark, without those
    that staff keep."""
    channels = [(c.id, c.topic) for c in sorted(observed.channels.values(), key=lambda c: c.id)]
    events = [(e.id, e.description) for e in sorted(observed.events.values(), key=lambda e: e.id)]
    for pk, text in channels + events:
        installation, key = keys.read_mark(text) or ("", "")
        if installation == snapshot.installation and pk not in snapshot.released:
            yield pk, key


def _find_related(
    key: str, channel: ObservedChannel, snapshot: DiscordSnapshot, observed: ObservedGuild
) -> dict[str, int]:
    group = snapshot.groups[keys.number_of(key)]
    found: dict[str, int] = {}
    # Other roles (moderators, say) may have an overwrite too, but not exactly this one.
    roles = [
        pk
        for pk, held in channel.overwrites.items()
        if permissions.is_met(held, Overwrite(pk, ROLE, permissions.MEMBER_TEXT, 0))
    ]
    if len(roles) == 1 and roles[0] in observed.roles:
        found[keys.role(group.id)] = roles[0]
        voices = [c.id for c in observed.channels.values() if _is_opened_by(c, roles[0], VOICE)]
        if voices:
            found[keys.voice_channel(group.id)] = min(voices)
    if channel.parent_id:
        found[keys.category_of(group.cohort_id, group.position)] = channel.parent_id
    return {key: pk for key, pk in found.items() if _lacks_id(key, snapshot, observed)}


def _lacks_id(key: str, snapshot: DiscordSnapshot, observed: ObservedGuild) -> bool:
    record = snapshot.records.get(key)
    return record is None or record.outside_id is None or record.outside_id in observed.gone
