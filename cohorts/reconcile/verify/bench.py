"""The bench on which an experiment works: calls within a budget, and a journal of scratch objects.

Experiments are synchronous, so that they can use the database between two calls.
"""

import asyncio
from collections.abc import Callable, Coroutine, Iterable
from dataclasses import dataclass, field
from typing import Any

from cohorts.reconcile.errors import CallFailed, Conflict, Refused
from cohorts.reconcile.issues import find_issue
from cohorts.reconcile.models import ScratchObject
from cohorts.reconcile.runs import provider_state
from cohorts.reconcile.runs.running_calls import within_limit
from cohorts.reconcile.verify.experiments import BudgetSpent, NotTried, Verification
from cohorts.reconcile.workers.lease import Lease

MOST_CALLS = 60  # to one service in one run
REMOVAL_CALLS = 2  # to remove one object, at most
MARK = "lens-check"  # not the mark of what the reconciler manages, which ignores these objects


class WritesForbidden(Exception):
    """Nothing may be written to the service now; the message says why."""


class CallBudget:
    """Count the requests of one run and refuse the 61st.

    `check` is called at the start of each request, also of a client's own repetitions. It keeps as
    many calls as the removal of what exists needs.
    """

    def __init__(self, lease: Lease) -> None:
        self.lease = lease
        self.used = self.reserved = 0

    def check(self) -> None:
        self.lease.check()
        if self.used >= MOST_CALLS - self.reserved:
            raise BudgetSpent(f"The {MOST_CALLS} calls that one run may make are used up.")
        self.used += 1


@dataclass(frozen=True, slots=True)
class Operator:
    """What the operator allows: own addresses to be invited, and answers to questions."""

    addresses: tuple[str, ...] = ()
    ask: Callable[[str], str] = lambda _question: ""

    def agrees(self, question: str) -> bool:
        """Ask; anything but a yes is a no."""
        return self.ask(f"{question} [y/N] ").strip().lower() in ("y", "yes")


@dataclass
class Bench:
    """`run`: the id of this run, 8 hexadecimal digits. `made`: what it has created outside."""

    verification: Verification
    scope: str
    run: str
    client: Any
    budget: CallBudget
    runner: asyncio.Runner
    operator: Operator
    made: list[ScratchObject] = field(default_factory=list)

    @property
    def mark(self) -> str:
        return f"{MARK}-{self.run}"

    @property
    def _answers(self) -> tuple[type[Exception], ...]:
        """The errors by which the service says no, after which nothing has changed."""
        return (Refused, Conflict, *self.verification.refusals)

    @property
    def _nothing_made(self) -> tuple[type[Exception], ...]:
        return (BudgetSpent, *self._answers)

    @property
    def failures(self) -> tuple[type[Exception], ...]:
        """The errors for which an experiment is not tried."""
        return (NotTried, CallFailed, *self.verification.refusals)

    # -- calls -------------------------------------------------------------------------------

    def call(self, coroutine: Coroutine[Any, Any, Any]) -> Any:
        """Make one call and return its answer.

        Before it, the lease and what forbids writes are checked. Raises what the client raises,
        BudgetSpent, WritesForbidden and LeaseLost.
        """
        try:
            self.budget.lease.keep()
            if ban := provider_state.find_write_ban(self.verification.name):
                raise WritesForbidden(find_issue(ban).sentence)
        except BaseException:
            coroutine.close()
            raise
        return self.runner.run(within_limit(coroutine))

    def attempt(self, coroutine: Coroutine[Any, Any, Any]) -> Any:
        """Make one call and return its answer, or the error by which the service said no."""
        try:
            return self.call(coroutine)
        except self._answers as refusal:
            return refusal

    # -- scratch objects ---------------------------------------------------------------------

    def make(
        self, kind: str, name: str, coroutine: Coroutine[Any, Any, Any], *, outside_id: str = ""
    ) -> Any:
        """Create an object, with a row in the journal before the call, and return the answer.

        `outside_id`: its id, if we choose it; otherwise the answer is a record with an `id`.
        """
        scratch = ScratchObject.objects.create(
            provider=self.verification.name,
            scope=self.scope,
            run=self.run,
            kind=kind,
            name=name,
            outside_id=outside_id,
        )
        self._set_made([*self.made, scratch])
        try:
            answer = self.call(coroutine)
        except self._nothing_made as error:
            # An id that we chose can only be taken by our own call, whose first answer was lost.
            if not (outside_id and isinstance(error, self.verification.refusals)):
                self._forget(scratch)
            raise
        if not outside_id:
            scratch.outside_id = str(answer["id"])
            scratch.save(update_fields=["outside_id"])
        return answer

    def try_to_make(
        self, kind: str, name: str, coroutine: Coroutine[Any, Any, Any], *, outside_id: str = ""
    ) -> Any:
        """Make an object and return the answer, or the error by which the service said no."""
        try:
            return self.make(kind, name, coroutine, outside_id=outside_id)
        except self._answers as refusal:
            return refusal

    def remove_made(self) -> None:
        """Remove what was made, the newest first. What fails stays in the journal."""
        self._remove(self.made[::-1])

    def remove_left(self, *, keeper: str = "") -> None:
        """Remove what earlier runs left, or what a slow experiment kept."""
        left = ScratchObject.objects.filter(
            provider=self.verification.name, scope=self.scope, keeper=keeper
        )
        self._remove(left.order_by("-pk"))

    def keep_for(self, keeper: str) -> None:
        """Leave what was made to a slow experiment, which removes it when it is read."""
        ScratchObject.objects.filter(pk__in=[one.pk for one in self.made]).update(keeper=keeper)
        self._set_made([])

    def _remove(self, objects: Iterable[ScratchObject]) -> None:
        for one in objects:
            self.budget.reserved = 0  # the next removal may use what was kept for it
            try:
                self.call(self.verification.remove(self.client, one))
                self._forget(one)
            except (CallFailed, BudgetSpent):
                self._set_made(self.made)
                return  # the removal of this one may need an older one

    def _forget(self, scratch: ScratchObject) -> None:
        self._set_made([one for one in self.made if one.pk != scratch.pk])
        scratch.delete()

    def _set_made(self, made: list[ScratchObject]) -> None:
        self.made = made
        self.budget.reserved = REMOVAL_CALLS * len(made)
