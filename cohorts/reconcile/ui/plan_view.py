"""Plans for people: answered runs as groups, actions and names, for the page and the commands."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Q

from cohorts.models import AccessState, Cohort, Group, User
from cohorts.reconcile.models import SyncRun
from cohorts.reconcile.provider import provider_specs
from cohorts.reconcile.status_text import SyncStatus, describe_issue
from cohorts.reconcile.values import Budget, Check, ProviderSpec

UNREACHED = (AccessState.State.NOT_JOINED, AccessState.State.NO_ADDRESS, AccessState.State.FAILED)


@dataclass(frozen=True, slots=True)
class PlannedAction:
    """One action of a plan.  `held`: why it is not done, or None."""

    provider: ProviderSpec
    sentence: str
    why: str
    verb: str
    held: SyncStatus | None = None
    removes: str | None = None


@dataclass(frozen=True, slots=True)
class Unreached:
    """One person who would have no access, and why."""

    name: str
    provider: ProviderSpec
    why: str


@dataclass
class Part:
    """The part of a plan for one group, or for what the groups of a cohort share."""

    title: str
    group: Group | None = None
    actions: list[PlannedAction] = field(default_factory=list)
    held: list[PlannedAction] = field(default_factory=list)
    issues: list[tuple[ProviderSpec, SyncStatus]] = field(default_factory=list)
    unreached: list[Unreached] = field(default_factory=list)

    @property
    def held_by_reason(self) -> list[tuple[SyncStatus, list[PlannedAction]]]:
        """Actions that are held, by reason; of one person's removals only the first."""
        found: dict[SyncStatus, dict[object, PlannedAction]] = defaultdict(dict)
        for action in self.held:
            assert action.held is not None
            once = (action.provider.name, action.removes) if action.removes else id(action)
            found[action.held].setdefault(once, action)
        return [(reason, list(actions.values())) for reason, actions in found.items()]

    @property
    def summary(self) -> str:
        """ "create 5, grant 8"."""
        counted = Counter(action.verb for action in self.actions)
        return ", ".join(f"{verb} {count}" for verb, count in counted.items())


@dataclass(frozen=True, slots=True)
class ProviderPlan:
    """One provider's answer. `issue` is an issue with the provider as a whole."""

    provider: ProviderSpec
    run: SyncRun
    budget: tuple[Budget, ...]
    checks: tuple[Check, ...]
    issue: SyncStatus | None


@dataclass(frozen=True, slots=True)
class PlanView:
    answers: tuple[ProviderPlan, ...]
    waiting: tuple[SyncRun, ...]  # not answered yet
    parts: tuple[Part, ...]  # what groups share first, then group by group

    @property
    def actions(self) -> list[PlannedAction]:
        return [action for part in self.parts for action in part.actions]

    @property
    def held(self) -> list[PlannedAction]:
        return [action for part in self.parts for action in part.held]

    @property
    def unreached(self) -> list[tuple[Part, Unreached]]:
        return [(part, person) for part in self.parts for person in part.unreached]

    @property
    def removals(self) -> list[PlannedAction]:
        """Removals that wait for approval."""
        return [action for action in self.held if action.removes]


def read_plan(runs: Sequence[SyncRun]) -> PlanView:
    """Return the view of these runs. Three queries."""
    answered = [run for run in runs if run.ended_at]
    reader = _Reader(answered)
    for run in answered:
        reader.read(run)
    return PlanView(
        answers=tuple(_answer(run) for run in answered),
        waiting=tuple(run for run in runs if not run.ended_at),
        parts=tuple(reader.parts()),
    )


def _answer(run: SyncRun) -> ProviderPlan:
    said = run.summary
    code = said.get("issue", "")
    return ProviderPlan(
        provider=provider_specs()[run.provider],
        run=run,
        budget=tuple(Budget(**line) for line in said.get("budget", ())),
        checks=tuple(Check(**line) for line in said.get("checks", ())),
        issue=describe_issue(code, said.get("detail", "")) if code else None,
    )


class _Reader:
    """Sorts the contents of runs by group."""

    def __init__(self, runs: Iterable[SyncRun]) -> None:
        runs = list(runs)
        ids = {pk for run in runs for pk in run.group_ids}
        groups = Group.objects.filter(pk__in=ids).select_related("cohort").order_by("cohort", "pk")
        people = {row["person_id"] for run in runs for row in run.summary.get("access", ())}
        removed = {
            row["removes"]
            for run in runs
            for row in (*run.summary.get("actions", ()), *run.summary.get("withheld", ()))
            if row.get("removes")
        }
        found = User.objects.filter(Q(pk__in=people) | Q(email__in=removed))
        self.people = {person.pk: person for person in found}
        self.names = {person.email: person.display_name for person in found}
        several = len({group.cohort_id for group in groups}) > 1
        self.by_group = {
            group.pk: Part(f"{group} ({group.cohort})" if several else str(group), group)
            for group in groups
        }
        self.by_cohort: dict[int | None, Part] = defaultdict(lambda: Part("Shared by all groups"))

    def parts(self) -> list[Part]:
        names = Cohort.objects.in_bulk([pk for pk in self.by_cohort if pk])
        for pk, part in self.by_cohort.items():
            if pk in names:
                part.title = f"Shared by the groups of {names[pk]}"
        return [*self.by_cohort.values(), *self.by_group.values()]

    def read(self, run: SyncRun) -> None:
        provider, said = provider_specs()[run.provider], run.summary
        for row in said.get("actions", ()):
            self._part(row).actions.append(self._action(provider, row))
        for row in said.get("withheld", ()):
            self._part(row).held.append(self._action(provider, row))
        for row in said.get("issues", ()):
            status = describe_issue(row["code"], row["detail"])
            self._part(row).issues.append((provider, status))
        for row in said.get("access", ()):
            if row["state"] in UNREACHED and row["person_id"] in self.people:
                name = self.people[row["person_id"]].display_name
                why = row["reason"] or AccessState.State(row["state"]).label
                self._part(row).unreached.append(Unreached(name, provider, why))

    def _part(self, row: dict[str, Any]) -> Part:
        part = self.by_group.get(row.get("group_id") or 0)
        return part or self.by_cohort[row.get("cohort_id")]

    def _action(self, provider: ProviderSpec, row: dict[str, Any]) -> PlannedAction:
        held = describe_issue(row["reason"], row.get("detail", "")) if "reason" in row else None
        return PlannedAction(
            provider=provider,
            sentence=f"{row['verb'].capitalize()} {self._named(row)}",
            why=row["why"],
            verb=row["verb"],
            held=held,
            removes=row.get("removes"),
        )

    def _named(self, row: dict[str, Any]) -> str:
        """Return an action's target, with the person's name added if their address is known."""
        address, target = row.get("removes") or "", str(row["target"])
        name = self.names.get(address)
        return target.replace(address, f"{name} ({address})", 1) if name else target
