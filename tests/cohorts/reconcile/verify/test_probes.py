"""Probes judge answers without calls; each says which assumption it is about."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest

from calendarsync.rest.failures import Missing, Taken
from calendarsync.verify import address_probes, series_probes, slow_events
from cohorts.reconcile.errors import Conflict, LeaseLost, Refused
from cohorts.reconcile.verify.bench import MOST_CALLS, CallBudget
from cohorts.reconcile.verify.experiments import BudgetSpent, Probe, verifications
from cohorts.reconcile.workers.lease import Lease
from discordsync.verify import guild_probes, message_probes
from tests.support.processes import ROOT

ASSUMPTIONS = (ROOT / "docs" / "assumptions.md").read_text(encoding="utf-8")
NUMBERS = set(re.findall(r"^- \*\*(A-[DG]\d\d)\*\*", ASSUMPTIONS, re.MULTILINE))
VERIFICATIONS = list(verifications.values())
QUICK = [probe for one in VERIFICATIONS for e in one.experiments for probe in e.probes]
PROBES = [*QUICK, *(slow.probe for one in VERIFICATIONS for slow in one.slow)]
ANSWERED = {"email": "ada@courses.example", "responseStatus": "accepted"}
ASKED = ANSWERED | {"responseStatus": "needsAction"}
OVERWRITE = {"id": "1", "type": 0, "allow": "0", "deny": "1024"}
CHANNEL = {"name": "as-sent", "permission_overwrites": []}


def test_names_are_unique_and_every_numbered_assumption_is_tried_or_says_why_not() -> None:
    assert len({probe.name for probe in PROBES}) == len(PROBES)
    tried = {probe.assumption for probe in PROBES} - {"-"}
    untried = {n for one in VERIFICATIONS for numbers in one.untried.values() for n in numbers}
    assert not tried & untried
    assert tried | untried == NUMBERS != set()


@pytest.mark.parametrize("probe", PROBES, ids=lambda probe: probe.name)
def test_what_is_printed_are_sentences(probe: Probe) -> None:
    assert re.fullmatch(r"A-[DG]\d\d|-", probe.assumption)
    assert probe.states.endswith(".")
    assert not probe.otherwise or probe.otherwise.endswith(".")
    assert len(probe.name) <= 40


def a(**answers: Any) -> dict[str, Any]:
    return answers


OTHERWISE = [
    (series_probes.used_id, a(twice=Taken(), reused=object())),
    (series_probes.deleted_event, a(deleted={}, deleted_twice=Missing())),
    (series_probes.etags, a(etag="1", stale=object())),
    (series_probes.exdate, a(sent=["RRULE:1", "EXDATE:2"], written={"recurrence": ["3"]})),
    (series_probes.cancelled_stays, a(cancelled={"status": "confirmed"})),
    (series_probes.removed, a(removed={"status": "cancelled"})),
    (series_probes.properties, a(written={})),
    (series_probes.own_writes, a(is_full=False, series="s", listed={})),
    (series_probes.cancelled_fields, a(listed={}, third="t", cancelled={})),
    (series_probes.clock_changes, a(gap=True, repeated=False)),
    (address_probes.invalid_address, a(answer=object())),
    (address_probes.lower_case, a(made=[{"email": "Ada@courses.example"}])),
    (address_probes.set_responses, a(answered=[{"responseStatus": "declined"}])),
    (address_probes.kept_answers, a(answered=[ANSWERED], joined=[ASKED])),
    (address_probes.twice, a(twice=object())),
    (slow_events.sync_token, a(is_valid=False, passed=timedelta(days=6))),
    (slow_events.deleted_later, a(is_gone=True, reused=object(), passed=timedelta(days=40))),
    (guild_probes.role_limit, a(limit="250", reset=60.0)),
    (guild_probes.member_counts, a(counts=Refused(), made={"id": "1"})),
    (
        guild_probes.empty_overwrites,
        a(made=CHANNEL, category={"permission_overwrites": [OVERWRITE]}),
    ),
    (guild_probes.synced_overwrites, a(closed=OVERWRITE, followed=CHANNEL)),
    (guild_probes.unknown_target, a(unknown={})),
    (guild_probes.foreign_bits, a(foreign=OVERWRITE, edited=CHANNEL)),
    (guild_probes.text_names, a(sent_name="as-sent", made=CHANNEL)),
    (guild_probes.hidden_channel, a(is_listed=True, read=Refused(code="no_access"))),
    (guild_probes.hidden_channel, a(is_listed=False, read=Conflict())),
    (guild_probes.another_guild, a(guild=Conflict(), channels=Refused())),
    (guild_probes.commands_scope, a(commands=Conflict())),
    (message_probes.nonce, a(is_same=False)),
    (message_probes.deleted_nonce, a(after_deletion={"id": "1"})),
    (message_probes.mentions, a(mentioning={"mentions": [{"id": "1"}]})),
    (message_probes.far_event, a(far={})),
    (message_probes.past_event, a(past={})),
    (message_probes.event_of_channel, a(orphan={})),
]


@pytest.mark.parametrize(("probe", "answers"), OTHERWISE)
def test_a_service_that_behaves_otherwise_refutes_an_assumption(probe: Probe, answers: Any) -> None:
    assert probe.judge(answers).verdict == "refuted"


# -- the budget ------------------------------------------------------------------------------------


def a_budget(good_until: float = float("inf")) -> CallBudget:
    return CallBudget(Lease("calendar", 1, good_until))


def test_the_61st_call_is_refused() -> None:
    budget = a_budget()
    for _ in range(MOST_CALLS):
        budget.check()
    assert MOST_CALLS == 60
    with pytest.raises(BudgetSpent):
        budget.check()


def test_calls_for_the_removal_of_what_exists_are_kept() -> None:
    budget = a_budget()
    budget.used, budget.reserved = 56, 4
    with pytest.raises(BudgetSpent):
        budget.check()
    budget.reserved = 2
    budget.check()


def test_no_call_starts_after_the_lease() -> None:
    with pytest.raises(LeaseLost):
        a_budget(good_until=0).check()
