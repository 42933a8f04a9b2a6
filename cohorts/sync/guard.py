"""No single answer empties the house (promise 11).  Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace

from cohorts.sync.mirror import Action, Orphans, Plan, Trouble, Withheld

REMOVALS_HELD = "removals_held"
ORPHANED = "orphaned"
SHARE = 0.25  # of a mirror's people
FEW = 5  # never held back up to this many


def hold_removals(
    plan: Plan,
    approved: Collection[tuple[int, str]] = (),
    waiting: Collection[int] = (),
) -> Plan:
    """Withhold removals that no dated fact explains, when they are too many at once.

        the person's removal    all removals are    the group was held before    it is
        approved                -                   -                            done
        not approved            too many            -                            held
        not approved            few                 yes                          held
        not approved            few                 no                           done

    Too many: more than a quarter of the mirror's people *and* more than five (people, not actions;
    those that are approved count too).  `approved` are pairs of group id and outside person that
    staff have seen and allowed.  `waiting` are groups of which removals wait for staff already:
    that some are allowed, or mend themselves, frees none of the others.
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
        withheld=plan.withheld + tuple(Withheld(action, REMOVALS_HELD) for action in held),
    )


def _is_held(action: Action, approved: Collection[tuple[int, str]], guarded: bool) -> bool:
    return guarded and bool(action.removes) and (action.group_id, action.removes) not in approved


def hold_all(plan: Plan, reason: str) -> Plan:
    """A plan of which nothing may be done, with the trouble's code as reason."""
    return replace(
        plan,
        actions=(),
        withheld=plan.withheld + tuple(Withheld(action, reason) for action in plan.actions),
    )


def hold_orphaned(plan: Plan, orphans: Orphans, due: Mapping[int, int]) -> Plan:
    """Withhold what concerns groups and cohorts that orphans name, the end of access apart.

    `due` are the groups that the plan is for, each with its cohort's id; they are told of it.
    """
    if not orphans:
        return plan
    held = [a for a in plan.actions if not a.ends and _is_named(orphans, a.group_id, a.cohort_id)]
    keys = {action.key for action in held}
    told = [pk for pk, cohort in sorted(due.items()) if _is_named(orphans, pk, cohort)]
    return replace(
        plan,
        actions=tuple(action for action in plan.actions if action.key not in keys),
        withheld=tuple(Withheld(a, ORPHANED, orphans.detail) for a in held)
        + tuple(_for_orphans(one, orphans) for one in plan.withheld),
        troubles=tuple(Trouble(pk, ORPHANED, orphans.detail) for pk in told) + plan.troubles,
    )


def _for_orphans(held: Withheld, orphans: Orphans) -> Withheld:
    """What is wanted of a named group is withheld for this before anything else."""
    if not _is_named(orphans, held.action.group_id, held.action.cohort_id):
        return held
    return replace(held, reason=ORPHANED, detail=orphans.detail)


def _is_named(orphans: Orphans, group_id: int | None, cohort_id: int | None) -> bool:
    return group_id in orphans.groups or cohort_id in orphans.cohorts
