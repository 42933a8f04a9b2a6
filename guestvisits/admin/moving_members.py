"""Moving people to another group in the admin: choose the group, preview, confirm."""

import hashlib
from dataclasses import dataclass
from datetime import datetime

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse

from cohorts import clock
from cohorts.admin_base.base import admin_page
from cohorts.admin_base.links import next_page
from cohorts.models import Group, Membership, live_group
from cohorts.services.memberships import move_members
from cohorts.validators import read_id
from cohorts.web.access import require
from cohorts.web.refusal_messages import shown_refusals
from cohorts.words import join_names
from cohorts.zones import find_zone, known_zone
from guestvisits.joining.effects import find_effects
from guestvisits.joining.joinable import GroupChoice, read_choices

DONE = "{people} moved to {group}. Each gets one message, and access and invitations follow."


@dataclass(frozen=True, slots=True)
class Offer:
    """One group as a choice: its weekly slot in each zone of the people, and why not, if so."""

    choice: GroupChoice
    slots: tuple[str, ...]
    why_not: str


def move_members_view(request: HttpRequest) -> HttpResponse:
    """Show the groups to choose from; with `group`, what would change; by POST, move."""
    require(request, "cohorts.change_membership")
    now, back = clock.now(), next_page(request, reverse("admin:cohorts_membership_changelist"))
    asked = request.POST if request.method == "POST" else request.GET
    members = _members([read_id(text) for text in asked.getlist("member")])
    if not members or len({member.cohort_id for member in members}) > 1:
        messages.error(request, "Choose active members of one cohort.")
        return redirect(back)
    offers = find_offers(members, now)
    chosen = next(
        (each for each in offers if str(each.choice.group.pk) == asked.get("group")), None
    )
    effects = list(find_effects(members, chosen.choice.group, now)) if chosen else []
    seen = _digest(members, chosen, effects)
    if request.method == "POST" and chosen and _carry_out(request, members, chosen, seen, now):
        return redirect(back)
    return admin_page(
        request,
        "admin/guestvisits/move_members.html",
        f"Move {_names(members)} to another group",
        members=members,
        offers=offers,
        chosen=chosen,
        effects=effects,
        seen=seen,
        back=back,
        why=asked.get("why", "")[:200],
    )


def _carry_out(
    request: HttpRequest, members: list[Membership], chosen: Offer, seen: str, now: datetime
) -> bool:
    """Return whether the preview that was confirmed still holds and the people were moved."""
    if request.POST.get("seen") != seen:
        messages.error(request, "The data has changed since the preview. Check the new one.")
        return False
    group, why = chosen.choice.group, request.POST.get("why", "")[:200]
    with shown_refusals(request):
        move_members([member.pk for member in members], group.pk, now=now, why=why)
        messages.success(request, DONE.format(people=_names(members), group=group))
        return True
    return False


def _members(ids: list[int]) -> list[Membership]:
    rows = Membership.objects.filter(pk__in=ids, status=Membership.Status.ACTIVE)
    return list(rows.select_related("user", "group", "cohort").order_by("user__name", "pk"))


def find_offers(members: list[Membership], now: datetime) -> list[Offer]:
    """Return the groups of the members' cohort as choices for all of them.  Two queries."""
    groups = Group.objects.filter(live_group(), cohort=members[0].cohort_id)
    zones = sorted({known_zone(member.user.timezone) for member in members})
    newcomers = sum(member.role == Membership.Role.PARTICIPANT for member in members)
    own = {member.group_id for member in members}
    return [
        Offer(each, tuple(_slot(each, zone) for zone in zones), _why_not(each, own, newcomers))
        for each in read_choices(groups, now)
    ]


def _slot(choice: GroupChoice, zone: str) -> str:
    """Return the weekly slot in this zone: "Tuesday, 18:00 – 19:00 Europe/Berlin"."""
    if choice.starts_at is None or choice.ends_at is None:
        return ""
    start, end = (
        moment.astimezone(find_zone(zone)) for moment in (choice.starts_at, choice.ends_at)
    )
    return f"{start:%A, %H:%M} – {end:%H:%M} {zone.replace('_', ' ')}"


def _why_not(choice: GroupChoice, own: set[int], newcomers: int) -> str:
    if choice.group.pk in own:
        return "already their group"
    if choice.seats_left is not None and choice.seats_left < newcomers:
        return "too few places"
    return ""


def _digest(members: list[Membership], chosen: Offer | None, effects: list[str]) -> str:
    facts = ([member.pk for member in members], chosen and chosen.choice.group.pk, effects)
    return hashlib.sha256(repr(facts).encode()).hexdigest()[:32]


def _names(members: list[Membership]) -> str:
    return join_names(str(member.user) for member in members)
