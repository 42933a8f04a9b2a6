"""Experiments with events that invite no one: ids, series and their exceptions, and listings."""

from datetime import UTC, timedelta
from zoneinfo import ZoneInfo

from calendarsync.rest.failures import Missing, Taken
from calendarsync.state.observed import read_event
from calendarsync.verify import scratch_events as events
from calendarsync.verify.scratch_events import WEEK, ZONE
from cohorts.reconcile.errors import Conflict
from cohorts.reconcile.verify.bench import Bench
from cohorts.reconcile.verify.experiments import (
    Answers,
    Experiment,
    Judgement,
    NotTried,
    ProbeVerdict,
    confirm_if,
    probe,
)

OWN = "Lens check, changed occurrence"
READ_FIELDS = ("etag", "updated", "created", "organizer", "iCalUID", "sequence")


def try_ids(bench: Bench) -> Answers:
    """Insert an id twice, delete the event, then read, insert and delete it once more."""
    body = events.body_of(bench, "ids", events.far_ahead())
    made = events.make(bench, body)
    twice = events.insert_again(bench, body)
    events.delete(bench, made)
    return {
        "made": events.raw(made),
        "twice": twice,
        "deleted": events.raw(events.read(bench, made.id)),
        "reused": events.insert_again(bench, body),
        "deleted_twice": events.delete(bench, made),
    }


def try_family(bench: Bench) -> Answers:
    """Change an occurrence, then its series: with its old ETag, its description, its start."""
    start = events.far_ahead()
    series = events.make(bench, events.body_of(bench, "family", start, **events.weekly(3)))
    second = events.occurrence(series, start + WEEK)
    moved = start + WEEK + timedelta(hours=1)
    events.patch(bench, second, summary=OWN, **events.Times(moved, 30, ZONE).body())
    stale = events.patch_if_unchanged(bench, series, description="1")
    if isinstance(stale, Conflict):
        events.patch(bench, series, description="1")
    after = events.read(bench, second.id)
    events.patch(bench, series, **events.Times(start, 30, ZONE).body())
    return {
        "start": start + WEEK,
        "moved": moved,
        "etag": series.etag,
        "stale": stale,
        "after": after,
        "restarted": events.read(bench, second.id),
    }


def try_rules(bench: Bench) -> Answers:
    """Exclude one occurrence by the rule, cancel another, shorten the rule; list the changes."""
    bench.call(bench.client.list())
    start = events.far_ahead()
    excluded = f"EXDATE;TZID={ZONE}:{start:%Y%m%dT%H%M%S}"
    body = events.body_of(bench, "rules", start, **events.weekly(5, excluded))
    series = events.make(bench, body)
    third, last = (events.occurrence(series, start + n * WEEK) for n in (2, 4))
    events.delete(bench, third)
    more = {"private": {"lens_check_more": "1"}}
    written = events.patch(bench, series, description="1", extendedProperties=more)
    cancelled = events.read(bench, third.id)
    events.patch(bench, series, **events.weekly(4, excluded))
    removed = events.read(bench, last.id)
    listing = bench.call(bench.client.list())
    return {
        "sent": body["recurrence"],
        "written": events.raw(written),
        "cancelled": events.raw(cancelled),
        "removed": events.raw(removed),
        "is_full": listing.full,
        "listed": {one["id"]: one for one in listing.bodies if one["id"].startswith(series.id)},
        "series": series.id,
        "third": third.id,
    }


def try_clock_changes(bench: Bench) -> Answers:
    """Make a series across each clock change; read the occurrence that Lens expects there."""
    found = {}
    for name, to_summer in (("gap", True), ("repeated", False)):
        local = events.clock_change(to_summer=to_summer)
        # zoneinfo reads the hour that does not exist with the offset before: an hour later on the
        # clock. Of the hour that occurs twice it means the first. Both are what Google is assumed
        # to do.
        expected = local.replace(tzinfo=ZoneInfo(ZONE)).astimezone(UTC)
        first = (local - WEEK).replace(tzinfo=ZoneInfo(ZONE))
        series = events.make(bench, events.body_of(bench, name, first, **events.weekly(2)))
        wanted = events.occurrence(series, expected)
        event = events.read(bench, wanted.id)
        found[name] = bool(event and event.start == expected)
    return found


# -- judging ---------------------------------------------------------------------------------


@probe(
    "A-G18",
    "An id that was used once is refused ever after (409).",
    "A lost answer could create an event twice; the next run reports it as an orphan.",
)
def used_id(answers: Answers) -> Judgement:
    return confirm_if(isinstance(answers["reused"], Taken) and isinstance(answers["twice"], Taken))


@probe(
    "A-G18",
    "A deleted event answers as cancelled, and a second deletion with 410 or 404.",
    "Lens accepts any of these answers as deleted.",
)
def deleted_event(answers: Answers) -> Judgement:
    is_kept = answers["deleted"].get("status") == "cancelled"
    return confirm_if(is_kept and isinstance(answers["deleted_twice"], Missing))


@probe("A-G18", "Fields of an event may be missing.", "Lens reads events with and without them.")
def left_out(answers: Answers) -> Judgement:
    missing = [name for name in READ_FIELDS if name not in answers["made"]]
    if not missing:
        raise NotTried("The new event of this run had every field that Lens reads.")
    return Judgement(ProbeVerdict.CONFIRMED, ", ".join(missing))


@probe(
    "A-G12",
    "A write renews the ETag of the whole family, and If-Match compares it.",
    "Each event has its own ETag, so fewer writes are refused; Lens needs no change.",
)
def etags(answers: Answers) -> Judgement:
    if not answers["etag"]:
        raise NotTried("The answers have no ETag.")
    is_family = isinstance(answers["stale"], Conflict)
    return confirm_if(is_family, "family" if is_family else "own")


@probe(
    "A-G11",
    "Changing a series resets the texts of its exceptions.",
    "Lens writes the texts of exceptions only if they differ, so nothing changes.",
)
def overwritten_texts(answers: Answers) -> Judgement:
    is_reset = answers["after"].details.summary != OWN
    return confirm_if(is_reset, "reset" if is_reset else "kept")


@probe(
    "A-G11",
    "Changing a series without its start leaves the times of exceptions.",
    "Lens compares exceptions after each write and moves them again.",
)
def kept_times(answers: Answers) -> Judgement:
    return confirm_if(answers["after"].start == answers["moved"])


@probe(
    "A-G11",
    "Sending a series' start resets the times of exceptions.",
    "Lens never sends it for an existing series, so nothing changes.",
)
def reset_times(answers: Answers) -> Judgement:
    if answers["after"].start != answers["moved"]:
        raise NotTried("The time was reset before.")
    return confirm_if(answers["restarted"].start == answers["start"])


@probe(
    "A-G16",
    "Google keeps the lines of a recurrence as they were sent.",
    "A series that begins at a clock change is reported as changed by hand.",
)
def exdate(answers: Answers) -> Judgement:
    kept = answers["written"].get("recurrence", [])
    return confirm_if(sorted(kept) == sorted(answers["sent"]))


@probe(
    "A-G14",
    "A cancelled occurrence stays cancelled when its series is changed.",
    "Lens compares exceptions after each write and cancels it again.",
)
def cancelled_stays(answers: Answers) -> Judgement:
    return confirm_if(answers["cancelled"].get("status") == "cancelled")


@probe(
    "A-G14",
    "An occurrence that the rule no longer has answers 404.",
    "Lens accepts a cancelled one as well.",
)
def removed(answers: Answers) -> Judgement:
    return confirm_if(not answers["removed"], answers["removed"].get("status", ""))


@probe(
    "A-G18",
    "A patch merges private properties.",
    "Lens sends its whole mark with every change of the texts.",
)
def properties(answers: Answers) -> Judgement:
    kept = answers["written"].get("extendedProperties", {}).get("private", {})
    return confirm_if({events.PROPERTY, "lens_check_more"} <= set(kept))


@probe(
    "A-G17",
    "A listing of changes contains our own writes.",
    "Lens lists everything every 6 hours and finds them then.",
)
def own_writes(answers: Answers) -> Judgement:
    if answers["is_full"]:
        raise NotTried("The sync token expired during the run.")
    return confirm_if(answers["series"] in answers["listed"])


@probe(
    "A-G18",
    "Cancelled events have few fields.",
    "Lens fetches an event by its id if a listing does not show that it is cancelled.",
)
def cancelled_fields(answers: Answers) -> Judgement:
    """Find how much a list has of a cancelled occurrence. Lens needs its id and status alone."""
    listed = answers["listed"].get(answers["third"], answers["cancelled"])
    is_known = listed.get("status") == "cancelled" and read_event(listed).series_id
    named = "named" if "recurringEventId" in listed else "bare"
    return confirm_if(is_known, "whole" if "summary" in listed else named)


@probe(
    "A-G16",
    "In the hour that is skipped an occurrence moves forward; of the hour that is "
    "repeated the first one applies.",
    "Meetings in these hours are compared with another time: move them by hand.",
)
def clock_changes(answers: Answers) -> Judgement:
    wrong = [name for name, is_expected in answers.items() if not is_expected]
    return confirm_if(not wrong, ", ".join(wrong))


EXPERIMENTS = (
    Experiment("ids", try_ids, (used_id, deleted_event, left_out)),
    Experiment("family", try_family, (etags, overwritten_texts, kept_times, reset_times)),
    Experiment(
        "rules",
        try_rules,
        (exdate, cancelled_stays, removed, properties, own_writes, cancelled_fields),
    ),
    Experiment("clock_changes", try_clock_changes, (clock_changes,)),
)
