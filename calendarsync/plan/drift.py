"""Name what differs in the calendar and waits for a decision of staff: see `reconcile.differences`.
Pure.

Only of series: texts, lists, occurrences and single events are corrected without asking.
"""

from collections.abc import Iterator

from calendarsync.desired import DesiredGroupCalendar, DesiredSeries
from calendarsync.plan.series_state import is_current, is_in_rhythm, series_of
from calendarsync.state.observed import ObservedCalendar
from cohorts.reconcile.differences import Drift, DriftChoice, DriftKind, DriftOption
from cohorts.words import count_people

ADVICE = (
    "Google does not let Lens change the rhythm of a series without losing its meetings. {undo}, "
    "or delete the series there and recreate it here. To move a single meeting, move it in Lens."
)


def find_drift(group: DesiredGroupCalendar, observed: ObservedCalendar) -> Iterator[Drift]:
    continued = {part.continues for part in observed.later_parts}
    for wanted in group.series if group.facts.live else ():
        series = series_of(wanted, observed)
        if series is None or not is_current(wanted, series):
            continue
        if series.is_cancelled:
            # An older series may have been cancelled on purpose.
            if wanted.is_needed:
                yield _deleted(group, wanted)
        elif series.id in observed.split or (
            series.id in continued and not is_in_rhythm(wanted, series)
        ):
            undo = "Delete the other part in Google Calendar"
            yield _edited(group, wanted, "split by “this and all following events”", undo)
        elif not is_in_rhythm(wanted, series):
            undo = "Change its times back in Google Calendar"
            yield _edited(group, wanted, "its times or its repetition were changed", undo)


def _deleted(group: DesiredGroupCalendar, wanted: DesiredSeries) -> Drift:
    number = len(group.members)
    verb = "gets" if number == 1 else "get"
    recreate = DriftOption(
        DriftChoice.RECREATE,
        f"Creates a new series: {count_people(number)} {verb} a new invitation by e-mail. Answers "
        "given so far stay in Lens.",
    )
    forget = DriftOption(
        DriftChoice.FORGET,
        "Lens stops missing it. No one is invited until someone presses Realize, and a request to "
        "realize that is still open is withdrawn.",
    )
    # Beside another series, the next one would follow from the data without a request.
    only = len(group.facts.all_series) == 1
    return Drift(
        key=wanted.record.event_id,
        kind=DriftKind.DELETED,
        what=f"Series of {group.facts.name}",
        ours=f"{count_people(number)} invited to the series",
        theirs="deleted in Google Calendar",
        options=(recreate, forget) if only else (recreate,),
        advice="It can also be restored from the calendar's trash within 30 days.",
    )


def _edited(group: DesiredGroupCalendar, wanted: DesiredSeries, theirs: str, undo: str) -> Drift:
    return Drift(
        key=wanted.record.event_id,
        kind=DriftKind.EDITED,
        what=f"Series of {group.facts.name}",
        ours="one series at the group's weekly time",
        theirs=theirs,
        advice=ADVICE.format(undo=undo),
    )
