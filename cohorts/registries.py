"""Extension points: what apps of upper layers offer to lower layers, which cannot import them.

The layer that uses something declares a registry beside its use; each app that offers something
registers it in `AppConfig.ready()`, so its apps.py lists what the app adds:

    venues: Registry[FindVenues] = Registry("meeting venues")      in meetings/registries.py
    venues.register(find_voice_channels)                           in discordsync/apps.py
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeVar

from django.core.exceptions import ImproperlyConfigured

T = TypeVar("T")

LAST = 100


def own_name(item: Any) -> str:
    """Return the item's `name`; of a function, where it is defined."""
    return getattr(item, "name", "") or f"{item.__module__}.{item.__qualname__}"


class Registry(Mapping[str, T]):
    """What is registered, by name, sorted by `order` and then by name.

    The sequence of INSTALLED_APPS and of imports makes no difference.
    """

    def __init__(self, title: str, *, name_of: Callable[[T], str] = own_name) -> None:
        self._title, self._name_of = title, name_of
        self._entries: dict[str, tuple[int, T]] = {}

    def register(self, item: T, *, name: str = "", order: int = LAST) -> T:
        """Add an item and return it.  Raises ImproperlyConfigured if its name is taken."""
        name = name or self._name_of(item)
        if name in self._entries:
            raise ImproperlyConfigured(f"“{name}” is registered twice as one of the {self._title}.")
        self._entries[name] = (order, item)
        return item

    def __getitem__(self, name: str) -> T:
        return self._entries[name][1]

    def __iter__(self) -> Iterator[str]:
        return iter(sorted(self._entries, key=lambda name: (self._entries[name][0], name)))

    def __len__(self) -> int:
        return len(self._entries)
