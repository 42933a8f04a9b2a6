"""What the Today page shows.  `choose_sentence` and `choose_shown` are pure."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, tzinfo

from cohorts.models import Cohort
from cohorts.needs.items import Need, NeedList, NeedSubject, sort_needs
from cohorts.needs.open_cohorts import OpenCohorts
from cohorts.needs.registry import NeedKind, need_kinds
from cohorts.words import name_date
from lens.desk.snoozing import read_snoozed
from meetings.needs.upcoming import read_meetings
from meetings.plain_meetings import PlainMeeting

logger = logging.getLogger(__name__)

NAMED = 100  # subjects on one page
LEAST, MOST = 5, 40  # of one item


def find_needs(facts: OpenCohorts, today: date) -> NeedList:
    """Return all items.  `today` is the reader's day."""
    found = [need for kind in need_kinds.values() for need in _find(kind, facts)]
    starts = {cohort.pk: cohort.start_date for cohort in facts.cohorts.values()}
    return sort_needs(
        found, kinds=[*need_kinds], starts=starts, snoozed=read_snoozed(), today=today
    )


def _find(kind: NeedKind, facts: OpenCohorts) -> list[Need]:
    """Return the items of one kind.  An error becomes an item, so that others are still seen."""
    try:
        return list(kind.find(facts))
    except Exception:
        logger.exception("The kind of item %s failed", kind.name)
        return [Need(kind.name, None, "An error prevents this check; it is in the log.", ())]


# -- the sentence at the top ---------------------------------------------------------------------


def find_next_meeting(facts: OpenCohorts) -> PlainMeeting | None:
    """Return the next meeting that is held, of a group that is set up."""
    ahead = (
        meeting
        for meeting in facts.read(read_meetings)
        if meeting.starts_at > facts.now
        and not meeting.is_cancelled
        and facts.groups[meeting.group_id].set_up_at
    )
    return next(ahead, None)


def choose_sentence(needs: int, group: str, starts_at: datetime | None, today: date) -> str:
    """Return the page's first sentence.  `starts_at` is local to the reader, None without a next
    meeting."""
    if needs:
        return "1 thing needs you" if needs == 1 else f"{needs} things need you"
    if starts_at is None:
        return "Everything is fine. No meeting is planned."
    return f"Everything is fine. Next meeting: {group}, {_name_day(starts_at, today)}."


def _name_day(local: datetime, today: date) -> str:
    days = (local.date() - today).days
    day = {0: "today", 1: "tomorrow"}.get(days, f"{local:%A} {name_date(local.date())}")
    return f"{day} {local:%H:%M}"


def read_sentence(facts: OpenCohorts, needs: NeedList, zone: tzinfo) -> str:
    following = find_next_meeting(facts)
    return choose_sentence(
        len(needs.shown),
        facts.groups[following.group_id].name if following else "",
        following.starts_at.astimezone(zone) if following else None,
        facts.now.astimezone(zone).date(),
    )


# -- items as the page shows them ----------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ShownNeed:
    """One item with its heading.  `more` subjects are left out."""

    need: Need
    title: str
    cohort: Cohort | None
    subjects: Sequence[NeedSubject]
    is_open: bool

    @property
    def more(self) -> int:
        return len(self.need.subjects) - len(self.subjects)


def choose_shown(number: int) -> int:
    """Return how many subjects each of so many items shows: a page has a limit, an item a least."""
    return max(LEAST, min(MOST, NAMED // max(number, 1)))


def show_needs(
    needs: Sequence[Need], cohorts: Mapping[int, Cohort], opened: str
) -> list[ShownNeed]:
    """Return the items; the opened one with all that it names."""
    shown = choose_shown(len(needs))
    return [
        ShownNeed(
            need,
            need_kinds[need.kind].title,
            cohorts.get(need.cohort_id or 0),
            need.subjects if need.key == opened else need.subjects[:shown],
            is_open=need.key == opened,
        )
        for need in needs
    ]
