"""The keys of our objects, used in records and plans and as marks in Discord, and of the actions
that create or send them.  Pure.

A mark is a short text in a channel's topic or an event's description, such as
`[lens local text_channel:12]`: the installation and the object's key.  Roles, categories and voice
channels cannot carry one; they are found by their record, by their intent, or by the role in their
overwrites.
"""

import re
from collections.abc import Iterable

GROUPS_PER_CATEGORY = 24  # two channels each, the cohort's own, and one to spare below 50

# Parts of an object that staff decide about; an overwrite's part also names its target.
NAME, PLACE, OVERWRITE = "name", "place", "overwrite"

_MARK = re.compile(r"\[lens (?P<installation>\S+) (?P<key>[a-z_]+(?::\d+)+)\]")


def category(cohort_id: int, ordinal: int) -> str:
    return f"category:{cohort_id}:{ordinal}"


def category_of(cohort_id: int, position: int) -> str:
    """Return the category of the group at this position in its cohort, from 0."""
    return category(cohort_id, 1 + position // GROUPS_PER_CATEGORY)


def categories_among(known: Iterable[str], cohort_id: int) -> set[str]:
    """Return the keys of a cohort's categories among these keys."""
    return {key for key in known if key.startswith(f"category:{cohort_id}:")}


def cohort_channel(cohort_id: int) -> str:
    return f"cohort_channel:{cohort_id}"


def role(group_id: int) -> str:
    return f"role:{group_id}"


def text_channel(group_id: int) -> str:
    return f"text_channel:{group_id}"


def voice_channel(group_id: int) -> str:
    return f"voice_channel:{group_id}"


def channels_of(group_id: int) -> tuple[str, ...]:
    return text_channel(group_id), voice_channel(group_id)


def of_group(group_id: int) -> tuple[str, ...]:
    """Return the keys of everything that belongs to one group alone."""
    return role(group_id), *channels_of(group_id)


def event(meeting_id: int) -> str:
    return f"event:{meeting_id}"


def overwrite(target: int) -> str:
    return f"{OVERWRITE}:{target}"


def kind_of(key: str) -> str:
    return key.partition(":")[0]


def is_shared(key: str) -> bool:
    """Return whether an object belongs to a whole cohort."""
    return kind_of(key) in {"category", "cohort_channel"}


def title_of(key: str) -> str:
    """Return the kind of an object in words, such as "text channel"."""
    return kind_of(key).replace("_", " ")


def number_of(key: str) -> int:
    """Return the id of the group, meeting or cohort that a key names."""
    return int(key.split(":")[1])


def ordinal_of(category: str) -> int:
    """Return the number of a category within its cohort, from 1."""
    return int(category.rpartition(":")[2])


def to_create(key: str) -> str:
    """Return the key of the action that creates an object."""
    return f"create {key}"


def all_to_create(*needed: str) -> frozenset[str]:
    """Return the keys of the actions that create these objects, for an action's `needs`."""
    return frozenset(map(to_create, needed))


def to_send(message_id: int) -> str:
    """Return the key of the action that sends a message."""
    return f"send {message_id}"


def make_mark(installation: str, key: str) -> str:
    return f"[lens {installation} {key}]"


def read_mark(text: str | None) -> tuple[str, str] | None:
    """Return (installation, key) from a topic or description, or None."""
    found = _MARK.search(text or "")
    return (found["installation"], found["key"]) if found else None
