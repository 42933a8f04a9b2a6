"""What the calendar offers for `verify_services`."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import replace

from calendarsync.plan.calls import NOTIFY_NONE
from calendarsync.rest import client as rest
from calendarsync.rest.client import CalendarClient
from calendarsync.rest.failures import Missing, Taken
from calendarsync.selectors import PROVIDER, load_stored_state
from calendarsync.verify import address_probes, series_probes, slow_events
from calendarsync.verify.scratch_events import unread
from cohorts import clock
from cohorts.reconcile.models import ScratchObject
from cohorts.reconcile.verify.experiments import Verification

UNTRIED = {
    "only Google's own pages can split or cut a series, or edit all of it.": (
        *("A-G13", "A-G15", "A-G22", "A-G23", "A-G24"),
    ),
    "answers of the real service were recorded by others.": (
        *("A-G25", "A-G26", "A-G27", "A-G28", "A-G29"),
    ),
    "only a person's own answer shows it.": ("A-G06", "A-G07"),
    "only the mailboxes of people with and without a Google calendar show it.": ("A-G09",),
    "it needs a calendar that the account may not see.": ("A-G19",),
    "it would use up the account's limits.": ("A-G20", "A-G21"),
}


def connect(check: Callable[[], None]) -> AbstractAsyncContextManager[CalendarClient]:
    """Connect with the cursor of the last run, so that a listing needs few calls.

    The stored cursor does not advance by a listing here.
    """
    return rest.connect(check, replace(load_stored_state(clock.now()), aliases={}))


async def remove(client: CalendarClient, scratch: ScratchObject) -> None:
    """Delete an event, whose id we chose. It stays as a cancelled one, as all do at Google."""
    try:
        await client.delete(unread(scratch.outside_id), notify=NOTIFY_NONE)
    except Missing:
        return


CALENDAR_VERIFICATION = Verification(
    name=PROVIDER,
    experiments=(*series_probes.EXPERIMENTS, *address_probes.EXPERIMENTS),
    slow=slow_events.SLOW,
    untried=UNTRIED,
    connect=connect,
    remove=remove,
    refusals=(Missing, Taken),
)
