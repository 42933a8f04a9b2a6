"""Decide whether an answer in Google Calendar replaces the RSVP in Lens. Pure.

First: has the person answered since the last observation, and where? An entry on an occurrence
takes precedence over the one on its series. A single event has no series:

    on the occurrence              on the series            a person has answered
    -----------------------------  -----------------------  ----------------------------------------
    changed to an answer           -                        on the occurrence
      that the series had before   unchanged                no: a new exception copies its list
      that the series has          unchanged, but we wrote  no: Google copied the series' list to
                                     the series               its exceptions
    the same answer as before      -                        no
      that only repeats the        changed to an answer     on the series
        series, or did when it
        first appeared
    no answer                      changed to an answer     on the series
    no answer (any more)           unchanged                no: withdrawing an answer is not one

Then: does that answer replace the RSVP in Lens?

    RSVP in Lens        last observation  now                RSVP in Lens afterwards
    ------------------  ----------------  -----------------  ---------------------------------------
    any                 any               no answer          stays
    any                 an answer         no one answered    stays
    none                never observed    an answer          replaced
    given               never observed    an answer          stays: it is unknown which is newer
    any                 any               a person answered  replaced
      newer than that   any               a person answered  stays
      answer's date

"Never observed" refers to the meeting. A person who is new on an observed list began without an
answer, because we invite people that way. In every case the current answer is stored as the last
observation.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

NO_ANSWER = ""
ANSWERS = {"accepted": "attending", "declined": "not_attending", "tentative": "tentative"}

# The clocks of Lens and Google may differ by this much before an RSVP in Lens counts as newer.
SLACK = timedelta(seconds=2)


@dataclass(frozen=True, slots=True)
class GoogleRsvp:
    """One person's answer to one meeting in Google, in our terms; NO_ANSWER if there is no answer.

    `own` is on the occurrence or single event, `series` on the series, whose id is `series_id`.
    `written_at` is the moment that dates the answer (see `dating`), on either; `series_at` that on
    the series, if it differs.
    """

    own: str = NO_ANSWER
    series: str = NO_ANSWER
    written_at: datetime | None = field(default=None, compare=False)
    copied: bool = field(default=False, compare=False)  # of the last observation: see is_copied
    series_at: datetime | None = field(default=None, compare=False)
    series_id: str = field(default="", compare=False)

    @property
    def effective(self) -> str:
        return self.own or self.series


NO_RSVP = GoogleRsvp()


@dataclass(frozen=True, slots=True)
class LensRsvp:
    """The RSVP in Lens, in our terms (NO_ANSWER if there is none), and when it was given."""

    rsvp: str = NO_ANSWER
    at: datetime | None = None


def read_response(response: str) -> str:
    """Return Google's response status in our terms; NO_ANSWER also for an unknown one."""
    return ANSWERS.get(response, NO_ANSWER)


def find_replacement(
    last: GoogleRsvp | None, now: GoogleRsvp, decided: LensRsvp, *, rewritten: bool = False
) -> str:
    """Return the answer that replaces the RSVP in Lens, or NO_ANSWER if that stays.

    `last` is None if the meeting was never observed. `rewritten`: the organizer, which is Lens, has
    written the series since then.
    """
    if last is None:
        return NO_ANSWER if decided.rsvp else now.effective
    said, given_at = _find_new_answer(last, now, rewritten=rewritten)
    return NO_ANSWER if said and _is_newer(decided, given_at) else said


def _find_new_answer(
    last: GoogleRsvp, now: GoogleRsvp, *, rewritten: bool
) -> tuple[str, datetime | None]:
    """Return the person's new answer, by the first table, or NO_ANSWER, and what dates it."""
    is_same = now.own == last.own
    repeats = now.own == last.series and last.own in (NO_ANSWER, now.own)
    if now.own and not repeats and not (is_same and last.copied):
        spread = rewritten and now.own == now.series == last.series
        return NO_ANSWER if is_same or spread else now.own, now.written_at
    said = now.series if now.series != last.series else NO_ANSWER
    return said, now.series_at or now.written_at


def is_copied(last: GoogleRsvp, now: GoogleRsvp) -> bool:
    """Return whether the answer on the occurrence came from its series and not from the person.

    It has to be stored: Google may leave such a copy unchanged when the series' answer changes.
    """
    if now.own == last.own:
        return last.copied
    return now.own in (last.series, now.series)


def _is_newer(decided: LensRsvp, given_at: datetime | None) -> bool:
    if not decided.rsvp or decided.at is None or given_at is None:
        return False
    return decided.at > given_at + SLACK
