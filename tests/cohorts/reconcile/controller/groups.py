"""What is stored about groups of the in-memory provider, and what happens to them."""

from __future__ import annotations

from cohorts.reconcile.models import GroupSync, ProviderState
from tests.support.cohort import add_member


def row(group):
    return GroupSync.objects.get(group=group, provider="links")


def state():
    return ProviderState.objects.get(provider="links")


def issues(made):
    return [row(group).issue for group in made.groups]


def statuses(made):
    return [group.status for group in made.refresh().groups]


def change(group):
    """Add a member; return the key of the call that lets them in."""
    return f"grant:{group.name}:{add_member(group).email}"


def end_wait():
    ProviderState.objects.update(retry_at=None, parked={})


def calls_of(links, action):
    before = len(links.service.calls)
    action()
    return links.service.calls[before:]


def once(function):
    """Return a hook that calls the function before the first call alone."""
    todo = [function]
    return lambda _: todo and todo.pop()()
