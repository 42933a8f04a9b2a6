"""The table of promises: what a preview lists, and how an act is compared with it."""

from __future__ import annotations

from collections.abc import Callable

from django.db import transaction

from tests.lens.forecasts.world import World

# Does the act in a world, with every comparison. Returns False if there was nothing to do, or the
# act was refused.
Promise = Callable[[World], bool]

PROMISES: dict[str, Promise] = {}


def promise(*names: str) -> Callable[[Promise], Promise]:
    """Register a function as the property of these previews."""

    def register(function: Promise) -> Promise:
        for name in names:
            assert name not in PROMISES, name
            PROMISES[name] = function
        return function

    return register


def keep(name: str, world: World) -> bool:
    """Do one act in the world, compare, and undo it."""
    now = world.now
    with transaction.atomic():
        done = PROMISES[name](world)
        transaction.set_rollback(True)
    world.pass_time(now - world.now)
    return done
