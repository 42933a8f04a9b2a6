"""What a finished plan may do: filters that withhold actions, each with its reason. Pure.

    the provider may not be written to        every action
    orphans name the group or cohort          every action on it, except ends of access
    too many people would lose access         their removals, until staff approve the names

Whether infrastructure may be created (`Policy.may_create`) is known to the provider's plan, because
its other actions depend on it.
"""

from collections.abc import Collection, Mapping
from dataclasses import replace

from cohorts.reconcile.values import Action, Due, Issue, IssueCode, Orphans, Plan, Withheld

SHARE = 0.25  # of a provider's people
FEW = 5  # up to this many are never held


def restrict(plan: Plan, due: Collection[Due], orphans: Orphans, read_only: str) -> Plan:
    """Return the plan for these groups without what it may not do now.

    `read_only` is the issue code that forbids all writes, or "".
    """
    if read_only:
        return hold_all(plan, read_only)
    plan = hold_orphaned(plan, orphans, {row.group_id: row.cohort_id for row in due})
    approved = {(row.group_id, person) for row in due for person in row.approved}
    waiting = {row.group_id for row in due if row.issue == IssueCode.REMOVALS_HELD}
    return hold_removals(plan, approved, waiting)


def restrict_part(
    part: Plan, whole: Plan, due: Collection[Due], orphans: Orphans, read_only: str
) -> Plan:
    """Return a part of a plan without what it may not do now; see `restrict`.

    The removal guard judges by the whole plan. A removal that the whole plan does not count waits
    for the next whole plan, which follows within a second.
    """
    counted = (
        a for a in part.actions if not a.removes or (a.group_id, a.removes) in whole.removals
    )
    part = replace(part, actions=tuple(counted), people=whole.people, removals=whole.removals)
    return restrict(part, due, orphans, read_only)


def hold_removals(
    plan: Plan,
    approved: Collection[tuple[int, str]] = (),
    waiting: Collection[int] = (),
) -> Plan:
    """Withhold removals that no dated fact explains, if there are too many at once.

        this removal    all removals    group has held removals already    it is
        approved        -               -                                  done
        not approved    too many        -                                  held
        not approved    few             yes                                held
        not approved    few             no                                 done

    Too many: more than a quarter of the provider's people *and* more than 5 (people, not actions;
    approved ones count too). `approved`: pairs of group id and outside person that staff have seen
    and approved. `waiting`: groups with removals that wait for approval; these stay held even if
    the other removals are approved or turn out to be unnecessary.
    """
    people = {person for _, person in plan.removals}
    too_many = len(people) > FEW and len(people) > SHARE * plan.people
    held = [a for a in plan.actions if _is_held(a, approved, too_many or a.group_id in waiting)]
    if not held:
        return plan
    keys = {action.key for action in held}
    return replace(
        plan,
        actions=tuple(action for action in plan.actions if action.key not in keys),
        withheld=plan.withheld
        + tuple(Withheld(action, IssueCode.REMOVALS_HELD) for action in held),
    )


def _is_held(action: Action, approved: Collection[tuple[int, str]], guarded: bool) -> bool:
    return guarded and bool(action.removes) and (action.group_id, action.removes) not in approved


def hold_all(plan: Plan, reason: str) -> Plan:
    """Return a plan in which every action is withheld, with an issue code as the reason."""
    return replace(
        plan,
        actions=(),
        withheld=plan.withheld + tuple(Withheld(action, reason) for action in plan.actions),
    )


def hold_orphaned(plan: Plan, orphans: Orphans, due: Mapping[int, int]) -> Plan:
    """Withhold actions for the groups and cohorts that orphans name, except ends of access.

    `due`: the groups that the plan is for, each with its cohort's id. The issue is added to them.
    """
    if not orphans:
        return plan
    held = [a for a in plan.actions if not a.ends and _is_named(orphans, a.group_id, a.cohort_id)]
    keys = {action.key for action in held}
    named = [pk for pk, cohort in sorted(due.items()) if _is_named(orphans, pk, cohort)]
    return replace(
        plan,
        actions=tuple(action for action in plan.actions if action.key not in keys),
        withheld=tuple(Withheld(a, IssueCode.ORPHANED, orphans.detail) for a in held)
        + tuple(_for_orphans(one, orphans) for one in plan.withheld),
        issues=tuple(Issue(pk, IssueCode.ORPHANED, orphans.detail) for pk in named) + plan.issues,
    )


def _for_orphans(held: Withheld, orphans: Orphans) -> Withheld:
    """Let this reason replace any other for withholding an action of a named group."""
    if not _is_named(orphans, held.action.group_id, held.action.cohort_id):
        return held
    return replace(held, reason=IssueCode.ORPHANED, detail=orphans.detail)


def _is_named(orphans: Orphans, group_id: int | None, cohort_id: int | None) -> bool:
    return group_id in orphans.groups or cohort_id in orphans.cohorts
