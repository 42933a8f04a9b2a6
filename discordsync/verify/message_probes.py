"""Experiments with messages and events in scratch channels, and the slow ones about both."""

from datetime import timedelta
from typing import Any

from cohorts import clock
from cohorts.reconcile.errors import Conflict, Refused
from cohorts.reconcile.verify.bench import Bench
from cohorts.reconcile.verify.experiments import (
    TOO_EARLY,
    Answers,
    Experiment,
    Judgement,
    ProbeVerdict,
    SlowExperiment,
    confirm_if,
    probe,
)
from discordsync.verify import scratch_guild as scratch
from discordsync.verify.scratch_guild import TEXT, VOICE

YEAR = timedelta(days=365)
SOON = timedelta(minutes=10)
NONCE = timedelta(minutes=5)  # for which Discord remembers one
GRACE = timedelta(hours=3)  # after which an event that no one started is gone


def try_messages(bench: Bench) -> Answers:
    """Send a nonce twice, delete the message, and send it again; mention without permission."""
    channel = scratch.make_channel(bench, TEXT)["id"]
    first, second = (_need(_post(bench, channel, bench.run)) for _ in range(2))
    scratch.attempt(bench, "DELETE", f"/channels/{channel}/messages/{first['id']}")
    bot = f"<@{bench.client.client.bot_id}>"
    return {
        "is_same": first["id"] == second["id"],
        "after_deletion": _post(bench, channel, bench.run),
        "mentioning": _post(bench, channel, f"{bench.run}-2", content=bot),
    }


def try_events(bench: Bench) -> Answers:
    """Create an event next year, one in six years and one in the past; delete their channel."""
    channel = scratch.make_channel(bench, VOICE)["id"]
    now = clock.now()
    made, far, past = (
        scratch.make_event(bench, channel, (now + ahead).isoformat())
        for ahead in (YEAR, 6 * YEAR, -timedelta(hours=1))
    )
    scratch.send(bench, "DELETE", f"/channels/{channel}")
    path = f"{bench.client.path}/scheduled-events/{_need(made)['id']}"
    return {"far": far, "past": past, "orphan": scratch.attempt(bench, "GET", path)}


def start_nonce(bench: Bench) -> Answers:
    channel = scratch.make_channel(bench, TEXT)["id"]
    return {
        "channel": channel,
        "nonce": bench.run,
        "id": _need(_post(bench, channel, bench.run))["id"],
    }


def read_nonce(bench: Bench, kept: Answers, passed: timedelta) -> Answers:
    again = _post(bench, kept["channel"], kept["nonce"])
    if isinstance(again, Conflict):
        return {"is_lost": True}
    return {"is_same": _need(again)["id"] == kept["id"], "passed": passed}


def start_event(bench: Bench) -> Answers:
    channel = scratch.make_channel(bench, VOICE)["id"]
    event = scratch.make_event(bench, channel, (clock.now() + SOON).isoformat())
    return {"event": _need(event)["id"]}


def read_event(bench: Bench, kept: Answers, passed: timedelta) -> Answers:
    path = f"{bench.client.path}/scheduled-events/{kept['event']}"
    is_gone = isinstance(scratch.attempt(bench, "GET", path), Conflict)
    return {"is_gone": is_gone, "passed": passed - SOON}


def _need(answer: Any) -> Any:
    """Return an answer without which the experiment cannot go on; raise a refusal."""
    if isinstance(answer, Exception):
        raise answer
    return answer


def _post(bench: Bench, channel: str, nonce: str, content: str = "Lens check") -> Any:
    """Send a message that mentions no one. It is deleted with its channel."""
    body = {
        "content": content,
        "nonce": nonce,
        "enforce_nonce": True,
        "allowed_mentions": {"parse": []},
    }
    return scratch.attempt(bench, "POST", f"/channels/{channel}/messages", body)


# -- judging ---------------------------------------------------------------------------------


@probe(
    "A-D11",
    "The same nonce gives the same message.",
    "After a lost answer Lens reads the channel before it sends again.",
)
def nonce(answers: Answers) -> Judgement:
    return confirm_if(answers["is_same"])


@probe(
    "A-D11",
    "A nonce whose message was deleted is answered with “Unknown Message”.",
    "The message is sent once more.",
)
def deleted_nonce(answers: Answers) -> Judgement:
    return confirm_if(isinstance(answers["after_deletion"], Conflict))


@probe(
    "A-D13",
    "Only those are mentioned whom allowed_mentions permits.",
    "People might be notified by names in a text.",
)
def mentions(answers: Answers) -> Judgement:
    message = answers["mentioning"]
    return confirm_if(isinstance(message, dict) and not message["mentions"])


@probe(
    "A-D17",
    "An event may not start more than five years ahead.",
    "Lens creates events for the next weeks only, so nothing changes.",
)
def far_event(answers: Answers) -> Judgement:
    return confirm_if(isinstance(answers["far"], Refused))


@probe(
    "-", "An event may not start in the past.", "Lens creates none for meetings that have begun."
)
def past_event(answers: Answers) -> Judgement:
    return confirm_if(isinstance(answers["past"], Refused))


@probe(
    "A-D16",
    "Deleting a voice channel deletes its events.",
    "Lens creates the events of a new channel once more.",
)
def event_of_channel(answers: Answers) -> Judgement:
    return confirm_if(isinstance(answers["orphan"], Conflict))


@probe(
    "A-D11",
    "A nonce is remembered for five minutes.",
    "Lens reads the channel before it sends a message again, at any time.",
)
def nonce_memory(answers: Answers) -> Judgement:
    if answers.get("is_lost"):
        return Judgement(ProbeVerdict.NOT_TRIED, detail="Its channel was deleted.")
    minutes = f"{answers['passed'].total_seconds() / 60:.0f} minutes"
    if not answers["is_same"]:
        return confirm_if(answers["passed"] >= NONCE, f"forgotten within {minutes}")
    if answers["passed"] < 2 * NONCE:
        return TOO_EARLY
    return confirm_if(False, f"remembered after {minutes}")


@probe(
    "A-D16",
    "An event that no one started disappears three hours after its start.",
    "Lens ignores events of meetings that are over.",
)
def unstarted_event(answers: Answers) -> Judgement:
    hours = f"{answers['passed'].total_seconds() / 3600:.1f} hours"
    if answers["is_gone"]:
        return confirm_if(answers["passed"] >= GRACE, f"gone within {hours}")
    if answers["passed"] < GRACE + timedelta(hours=1):
        return TOO_EARLY
    return confirm_if(False, f"still there after {hours}")


EXPERIMENTS = (
    Experiment("messages", try_messages, (nonce, deleted_nonce, mentions)),
    Experiment("events", try_events, (far_event, past_event, event_of_channel)),
)

SLOW = (
    SlowExperiment(start_nonce, read_nonce, nonce_memory),
    SlowExperiment(start_event, read_event, unstarted_event),
)
