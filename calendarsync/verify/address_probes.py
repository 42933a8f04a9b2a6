"""Experiments with addresses: what Google does with lists of attendees.

They invite only the operator's own addresses, with sendUpdates=none. The one that sends an e-mail
asks first.
"""

from collections.abc import Mapping
from typing import Any

from calendarsync.plan.calls import NOTIFY_ALL
from calendarsync.rest.failures import Invalid
from calendarsync.state.observed import ObservedEvent
from calendarsync.verify import scratch_events as events
from calendarsync.verify.scratch_events import WEEK
from cohorts.reconcile.errors import Outage
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

INVALID = "lens-check@invalid"  # a domain without a dot: no mail can be delivered to it
LEFT_ALONE, OVERWRITTEN, MERGED = "left_alone", "overwritten", "merged"


def own_address(bench: Bench, number: int = 0) -> str:
    """Return an address that the operator named. Raises NotTried."""
    if len(bench.operator.addresses) <= number:
        named = "a second own address" if number else "an own address"
        raise NotTried(f"It needs {named}: --address.")
    return bench.operator.addresses[number].strip().lower()


def invite(*addresses: str, **fields: str) -> list[dict[str, str]]:
    return [{"email": address, **fields} for address in addresses]


def try_invalid(bench: Bench) -> Answers:
    """Invite an address that cannot exist."""
    body = events.body_of(bench, "invalid", events.far_ahead(), attendees=invite(INVALID))
    return {"answer": events.try_to_make(bench, body)}


def try_answers(bench: Bench) -> Answers:
    """Invite the operator in capitals, write an answer for them, invite a second address, and
    invite the first one twice."""
    address = own_address(bench)
    body = events.body_of(bench, "answers", events.far_ahead())
    try:
        made = events.make(bench, body | {"attendees": invite(address.upper())})
    except Outage as error:
        if error.code == "no_delegation":
            raise NotTried("The account may not invite people: see docs/operations.md.") from error
        raise
    answered = [
        one.body() | ({} if one.belongs else {"responseStatus": "declined"})
        for one in made.attendees
    ]
    after = events.patch(bench, made, attendees=answered)
    twice = body | {"id": events.event_id(bench, "twice"), "attendees": invite(address, address)}
    others = invite(*bench.operator.addresses[1:2])
    joined = [one.body() for one in after.attendees] + others
    return {
        "joined": _list_of(events.patch(bench, after, attendees=joined)) if others else [],
        "address": address,
        "made": _list_of(made),
        "answered": _list_of(after),
        "twice": events.try_to_make(bench, twice),
    }


def try_exceptions(bench: Bench) -> Answers:
    """Invite the operator to one occurrence, then change the series' text, then its attendees."""
    address = own_address(bench)
    start = events.far_ahead()
    series = events.make(bench, events.body_of(bench, "exceptions", start, **events.weekly(4)))
    second, third = (events.occurrence(series, start + n * WEEK) for n in (1, 2))
    events.patch(bench, second, attendees=invite(address))
    events.patch(bench, third, summary="Lens check, changed occurrence")
    events.patch(bench, series, description="1")
    after_text = events.read(bench, second.id)
    events.patch(bench, series, attendees=invite(address))
    return {
        "after_text": _people(after_text),
        "after_list": _people(events.read(bench, third.id)),
    }


def try_mails(bench: Bench) -> Answers:
    """Invite a second address with e-mails; ask whether the first one, unchanged, got one too."""
    first, second = own_address(bench), own_address(bench, 1)
    if not bench.operator.agrees(
        f"This invites {second} by e-mail, and may send one to {first}. Send?"
    ):
        raise NotTried("It sends an e-mail, and you did not agree to that.")
    body = events.body_of(bench, "mails", events.far_ahead(), attendees=invite(first))
    made = events.make(bench, body)
    people = [one.body() for one in made.attendees] + invite(second)
    bench.call(bench.client.patch(made, {"attendees": people}, notify=NOTIFY_ALL))
    asked = f"Wait until {second} has the invitation. Did {first} get an e-mail about it? [y/n] "
    return {"answer": bench.operator.ask(asked).strip().lower()[:1]}


def _list_of(event: ObservedEvent) -> list[Mapping[str, Any]]:
    return [one.body() for one in event.attendees]


def _people(event: ObservedEvent | None) -> set[str]:
    """Return the addresses on a list, without the calendar's own and rooms."""
    people = event.attendees if event else ()
    return {one.address for one in people if not one.belongs}


# -- judging ---------------------------------------------------------------------------------


def _guests(listed: list[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    return [one for one in listed if not (one.get("self") or one.get("organizer"))]


@probe(
    "A-G03",
    "An invalid address makes Google refuse the whole event (400).",
    "The invitation stays without effect, and no one is told.",
)
def invalid_address(answers: Answers) -> Judgement:
    return confirm_if(isinstance(answers["answer"], Invalid))


@probe("A-G02", "Addresses are stored in lower case.", "Lens compares them in lower case anyway.")
def lower_case(answers: Answers) -> Judgement:
    listed = [one["email"] for one in _guests(answers["made"])]
    return confirm_if(listed == [address.lower() for address in listed])


@probe("A-G04", "Google may list a person under another address.", "Lens finds people under both.")
def alias(answers: Answers) -> Judgement:
    listed = [one["email"].lower() for one in _guests(answers["made"])]
    if listed == [answers["address"]]:
        raise NotTried("Google lists this address as it is.")
    return Judgement(ProbeVerdict.CONFIRMED, "another address")


@probe(
    "A-G05", "Google may put the account that owns the calendar on a list.", "Lens accepts both."
)
def own_entry(answers: Answers) -> Judgement:
    if len(_guests(answers["made"])) == len(answers["made"]):
        raise NotTried("Google did not put the calendar's account on the list.")
    return Judgement(ProbeVerdict.CONFIRMED, "the account is on the list")


@probe(
    "A-G01",
    "An answer that is written for another person is reset.",
    "Lens writes entries back unchanged and never sets an answer, so both are fine.",
)
def set_responses(answers: Answers) -> Judgement:
    found = {one.get("responseStatus", "needsAction") for one in _guests(answers["answered"])}
    is_reset = found == {"needsAction"}
    return confirm_if(is_reset, "reset" if is_reset else "honoured")


@probe(
    "A-G01",
    "An answer that is written back unchanged stays when someone else is invited.",
    "People have to answer again after someone joins or leaves their group.",
)
def kept_answers(answers: Answers) -> Judgement:
    before = {one["email"]: one.get("responseStatus") for one in _guests(answers["answered"])}
    after = {one["email"]: one.get("responseStatus") for one in _guests(answers["joined"])}
    if not after:
        raise NotTried("It needs a second own address: --address.")
    if set(before.values()) <= {"needsAction", None}:
        raise NotTried("Google keeps no answer that is written for another person.")
    return confirm_if(before.items() <= after.items())


@probe("A-G02", "The same address twice is refused (400).", "Lens never sends an address twice.")
def twice(answers: Answers) -> Judgement:
    return confirm_if(isinstance(answers["twice"], Invalid))


@probe("A-G08", "The attendees of exceptions are left alone, overwritten or merged.", "")
def exceptions(answers: Answers) -> Judgement:
    """Find out whether an exception keeps its own guest, and gets its series' new one."""
    if not answers["after_text"]:
        found = OVERWRITTEN
    else:
        found = MERGED if answers["after_list"] else LEFT_ALONE
    return Judgement(
        ProbeVerdict.CONFIRMED, found, "Lens reads exceptions after it wrote a series."
    )


@probe("A-G10", "Google mails everybody about a new attendee, or only those concerned.", "")
def mails(answers: Answers) -> Judgement:
    ways = {"y": ("everybody", "own_event"), "n": ("concerned", "instance")}
    if answers["answer"] not in ways:
        raise NotTried("You did not say whether an e-mail arrived.")
    found, way = ways[answers["answer"]]
    detail = f"Guests are invited by {way}, unless CALENDAR_GUEST_INVITATION is set."
    return Judgement(ProbeVerdict.CONFIRMED, found, detail)


EXPERIMENTS = (
    Experiment("invalid", try_invalid, (invalid_address,)),
    Experiment(
        "answers", try_answers, (lower_case, alias, own_entry, set_responses, kept_answers, twice)
    ),
    Experiment("exceptions", try_exceptions, (exceptions,)),
    Experiment("mails", try_mails, (mails,)),
)
