"""The task that imports large rosters."""

import logging

from cohorts import clock
from cohorts.models import RosterImport
from cohorts.roster.waiting.services import begin_attempt, carry_out_import

logger = logging.getLogger(__name__)


def import_waiting() -> None:
    """Import the rosters that wait, oldest first.  Every minute, and as soon as one is confirmed.

    One that fails stays waiting, and stops no other.
    """
    waiting = RosterImport.objects.filter(state=RosterImport.State.WAITING)
    for import_id in list(waiting.order_by("attempts", "pk").values_list("pk", flat=True)):
        try:
            if begin_attempt(import_id, now=clock.now()):
                carry_out_import(import_id, now=clock.now())
        except Exception:
            logger.exception("Roster import %s failed", import_id)
