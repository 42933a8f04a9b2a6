"""Plan again what the outcome of one call can have changed. Pure; see plan.py."""

from dataclasses import replace

from calendarsync.desired import DesiredCalendar
from calendarsync.plan.plan import plan_groups
from calendarsync.state.run_observation import RunObservation
from cohorts.reconcile.values import Action, Plan, Policy


def replan(
    action: Action, desired: DesiredCalendar, observed: RunObservation, policy: Policy
) -> Plan | None:
    """Return the part of a plan that an outcome can have changed, see `Replans.replan`."""
    if observed.touched is None:
        return None
    concerned = observed.touched | ({action.group_id} if action.group_id else set())
    group_ids = concerned & policy.groups & frozenset(desired.groups)
    return replace(plan_groups(desired, observed, policy, group_ids), groups=group_ids)
