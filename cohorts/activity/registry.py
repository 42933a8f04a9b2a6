"""The kinds of act, with their titles for people.  Each app registers its own in apps.py."""

from collections.abc import Mapping
from dataclasses import dataclass
from operator import attrgetter

from cohorts.registries import Registry

SEE_ACTIVITY = ("cohorts.view_activityentry", "cohorts.view_user")  # permissions


@dataclass(frozen=True, slots=True)
class ActivityKind:
    """A kind of act. `title` says what was done: "Moved to another group"."""

    name: str
    title: str


activity_kinds: Registry[ActivityKind] = Registry("kinds of activity", name_of=attrgetter("name"))


def register_kinds(titles: Mapping[str, str]) -> None:
    """Register kinds by name and title."""
    for name, title in titles.items():
        activity_kinds.register(ActivityKind(name, title))


def title_of_kind(name: str) -> str:
    """Return the title of a kind; of one that another version of Lens wrote, its name in words."""
    kind = activity_kinds.get(name)
    return kind.title if kind else name.replace("_", " ").capitalize()
