"""`/meetings/groups/`: join a group, or switch to another one."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods

from cohorts import clock
from cohorts.models import Membership
from cohorts.web.refusal_messages import shown_refusals
from guestvisits.joining.effects import find_effects
from guestvisits.joining.joinable import find_joinable
from guestvisits.joining.services import find_choice, join_or_switch
from guestvisits.rate_limits import limited
from guestvisits.views.signed_in import SignedInRequest, signed_in


@signed_in
@require_GET
def choose_group(request: SignedInRequest) -> HttpResponse:
    offered = find_joinable(request.user.pk, clock.now())
    return render(request, "meetings/choose_group.html", {"offered": offered})


@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
@limited("visits")
def join(request: SignedInRequest, group_id: int) -> HttpResponse:
    """Show what joining this group changes; join it when that is confirmed."""
    with shown_refusals(request, "no_group"):
        return _join(request, group_id) if request.method == "POST" else _ask(request, group_id)
    return redirect("choose-group")


def _ask(request: SignedInRequest, group_id: int) -> HttpResponse:
    now = clock.now()
    offered, joinable = find_choice(request.user.pk, group_id, now)
    if joinable.refusal:
        raise joinable.refusal
    mine = Membership.objects.filter(pk__in=[offered.membership_id or 0])
    group = joinable.choice.group
    context = {
        "offered": offered,
        "choice": joinable.choice,
        "effects": list(find_effects(mine, group, now, reader=request.user.pk)),
    }
    return render(request, "meetings/join_group.html", context)


def _join(request: SignedInRequest, group_id: int) -> HttpResponse:
    membership = join_or_switch(request.user.pk, group_id, now=clock.now())
    messages.success(request, f"You're in {membership.group} now.")
    return redirect("my-meetings")
