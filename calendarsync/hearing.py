"""Whether what Google says of an answer counts here.  Pure: no Django, no network, no clock.

Where a person's word is, at one meeting.  An entry on an occurrence outranks the one on its series;
a single event has no series:

    on the occurrence              on the series            a person has answered
    -----------------------------  -----------------------  ----------------------------------------
    changed to an answer           -                        the occurrence
      that the series gave before  as before                nobody: a new exception copies its list
      that the series gives        as before, but we wrote  nobody: Google spread the series' list
                                     the series               over its exceptions
    the same answer as before      -                        nobody
      which only repeats the       changed to an answer     the series
        series, or did when it
        first appeared
    no answer                      changed to an answer     the series
    no answer (any more)           as before                nobody: taken back is no answer

What follows from it, by the three ways in which it can be known:

    decided here        Google said last  Google says now    what follows
    ------------------  ----------------  -----------------  ---------------------------------------
    anything            anything          no answer          stays
    anything            an answer         nobody answered    stays
    nothing             never listened    an answer          taken
    something           never listened    an answer          stays: nobody knows which is the newer
    anything            anything          somebody answered  taken
      after Google      anything          somebody answered  stays: what was said here is the newer
      wrote

"Never listened" is said of a meeting.  Who is new on a list that we know began without an answer,
since that is how we invite.  Whatever follows, what Google says now is what it said last next time.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

NONE = ""
ANSWERS = {"accepted": "attending", "declined": "not_attending", "tentative": "tentative"}

# The two clocks may differ by so much before an answer here is taken for the newer one.
SLACK = timedelta(seconds=2)


@dataclass(frozen=True, slots=True)
class Word:
    """What Google says of one person at one meeting, in our words; NONE where there is no answer.

    `own` is on the occurrence or single event, `series` on the series.  `written_at`: when that of
    the two which counts was last written, by whomever.
    """

    own: str = NONE
    series: str = NONE
    written_at: datetime | None = field(default=None, compare=False)
    copied: bool = field(default=False, compare=False)  # of what was heard last: see is_copied

    @property
    def counts(self) -> str:
        return self.own or self.series


SILENT = Word()


@dataclass(frozen=True, slots=True)
class Decided:
    """What was decided here, in our words (NONE for nothing), and when."""

    rsvp: str = NONE
    at: datetime | None = None


def read_answer(response: str) -> str:
    """Google's word in ours; NONE also for one that we do not know."""
    return ANSWERS.get(response, NONE)


def find_answer(last: Word | None, now: Word, decided: Decided, *, rewritten: bool = False) -> str:
    """The answer that is to be taken over, or NONE where what was decided here stays.

    `last` is None where we never listened to the meeting.  `rewritten`: since then the organizer,
    which is us, has written the series.
    """
    if last is None:
        return NONE if decided.rsvp else now.counts
    said = _answered(last, now, rewritten=rewritten)
    return NONE if said and _is_newer(decided, now) else said


def _answered(last: Word, now: Word, *, rewritten: bool) -> str:
    """What a person has answered since, as the first table says."""
    is_same = now.own == last.own
    repeats = now.own == last.series and last.own in (NONE, now.own)
    if now.own and not repeats and not (is_same and last.copied):
        spread = rewritten and now.own == now.series == last.series
        return NONE if is_same or spread else now.own
    return now.series if now.series != last.series else NONE


def is_copied(last: Word, now: Word) -> bool:
    """Whether the answer on the occurrence came from its series, and not from the person.

    To be remembered: Google may leave such a copy as it is when the series' answer changes.
    """
    if now.own == last.own:
        return last.copied
    return now.own in (last.series, now.series)


def _is_newer(decided: Decided, now: Word) -> bool:
    if not decided.rsvp or decided.at is None or now.written_at is None:
        return False
    return decided.at > now.written_at + SLACK
