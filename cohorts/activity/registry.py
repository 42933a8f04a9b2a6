"""The kinds of act, with their titles for people.  Each app registers its own in apps.py."""

from collections.abc import Mapping

from cohorts.registries import Registry

SEE_ACTIVITY = ("cohorts.view_activityentry", "cohorts.view_user")  # permissions


# The title of each kind says what was done: "Moved to another group".
activity_kinds: Registry[str] = Registry("kinds of activity")


def register_kinds(titles: Mapping[str, str]) -> None:
    """Register kinds by name and title."""
    for name, title in titles.items():
        activity_kinds.register(title, name=name)


def title_of_kind(name: str) -> str:
    """Return the title of a kind; of one that another version of Lens wrote, its name in words."""
    return activity_kinds.get(name) or name.replace("_", " ").capitalize()
