"""Slow experiments: how long a sync token is valid, and what remains of a deleted event."""

from datetime import timedelta

from calendarsync.rest.failures import Taken
from calendarsync.verify import scratch_events as events
from cohorts.reconcile.verify.bench import Bench
from cohorts.reconcile.verify.experiments import (
    TOO_EARLY,
    Answers,
    Judgement,
    SlowExperiment,
    confirm_if,
    probe,
)

TOKEN = timedelta(days=7)
DELETED = timedelta(days=30)
MARGIN = timedelta(days=1)


def start_token(bench: Bench) -> Answers:
    return {"cursor": bench.call(bench.client.list()).cursor}


def read_token(bench: Bench, kept: Answers, passed: timedelta) -> Answers:
    bench.client.cursor = kept["cursor"]
    return {"is_valid": not bench.call(bench.client.list()).full, "passed": passed}


@probe(
    "A-G17",
    "A sync token is valid for seven days.",
    "Lens lists everything when a token has expired.",
)
def sync_token(answers: Answers) -> Judgement:
    """A token that is valid for longer does no harm, so it counts as confirmed."""
    days = f"{answers['passed'].days} days"
    if not answers["is_valid"]:
        return confirm_if(answers["passed"] >= TOKEN, f"expired within {days}")
    if answers["passed"] < TOKEN - MARGIN:
        return TOO_EARLY
    return confirm_if(True, f"valid after {days}")


def start_deleted(bench: Bench) -> Answers:
    body = events.body_of(bench, "deleted", events.far_ahead())
    events.delete(bench, events.make(bench, body))
    return {"body": body}


def read_deleted(bench: Bench, kept: Answers, passed: timedelta) -> Answers:
    body = kept["body"]
    return {
        "is_gone": events.read(bench, body["id"]) is None,
        "reused": events.insert_again(bench, body),
        "passed": passed,
    }


@probe(
    "A-G18",
    "A deleted event disappears after thirty days, but its id stays in use.",
    "Lens gives the next event of a group a new id in any case.",
)
def deleted_later(answers: Answers) -> Judgement:
    days = f"{answers['passed'].days} days"
    if not isinstance(answers["reused"], Taken):
        return confirm_if(False, f"the id was free after {days}")
    if answers["is_gone"]:
        return confirm_if(answers["passed"] >= DELETED - MARGIN, f"gone within {days}")
    if answers["passed"] <= DELETED + MARGIN:
        return TOO_EARLY
    return confirm_if(False, f"still there after {days}")


SLOW = (
    SlowExperiment(start_token, read_token, sync_token),
    SlowExperiment(start_deleted, read_deleted, deleted_later),
)
