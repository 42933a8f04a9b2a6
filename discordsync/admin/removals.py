"""Staff pages to remove what ended groups have left in Discord: choose, review, decide.

The review is a plan that a worker answers, so nothing here reads Discord.  What is shown is what is
approved: each object's id and last message are taken from the review.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import URLPattern, path, reverse
from django.utils.text import capfirst
from django.views.decorators.http import require_http_methods

from cohorts import clock
from cohorts.admin_base.base import admin_page, confirmation_page
from cohorts.models import Cohort, Group, User
from cohorts.reconcile.models import SyncRun
from cohorts.reconcile.selectors import read_context
from cohorts.reconcile.services import request_plan
from cohorts.reconcile.status_text import describe_issue
from cohorts.words import count
from discordsync.removal.services import KEEP, REMOVE, decide
from discordsync.selectors import groups_with_remains, recorded_infrastructure

PERMISSION = "discordsync.add_removalapproval"
LIST, REVIEW = "admin:discordsync_removals", "admin:discordsync_removal"
PREFIX = "object-"
NOTHING_DECIDED = (
    "Nothing was changed: these objects are different ones now, or their groups were reopened."
)


@dataclass(frozen=True, slots=True)
class Remains:
    """A cohort, its groups that have ended, and how many of its objects still exist."""

    cohort: Cohort
    groups: list[Group]
    count: int


@dataclass(frozen=True, slots=True)
class RemovalRow:
    """One object on the review page."""

    field: str
    what: str
    name: str
    made_at: datetime
    last_message_at: datetime | None
    note: str
    keeps: bool  # unless staff choose otherwise


class RolesForm(forms.Form):
    """What happens to the roles of channels that are kept."""

    roles = forms.ChoiceField(
        label="These roles",
        choices=[(KEEP, "Keep them too"), (REMOVE, "Remove them")],
        widget=forms.RadioSelect,
        initial=KEEP,
    )


class RemovalMixin(admin.ModelAdmin):
    """Adds the pages to the list of Discord objects, for staff who may approve removals."""

    def get_urls(self) -> list[URLPattern]:
        checked = require_http_methods(["GET", "POST"])
        choose = checked(self.admin_site.admin_view(self.removals_view))
        review = checked(self.admin_site.admin_view(self.removal_view))
        return [
            path("removals/", choose, name="discordsync_removals"),
            path("removals/<int:run_id>/", review, name="discordsync_removal"),
            *super().get_urls(),
        ]

    def removals_view(self, request: HttpRequest) -> HttpResponse:
        """List the cohorts with something to remove; a POST asks a worker for the review."""
        person = _check_permission(request)
        remains = find_remains(clock.now())
        if request.method != "POST":
            title = "Remove what has ended"
            return self._render(request, "removals", title, remains=remains)
        chosen = request.POST.get("cohort", "")
        ids = [g.pk for one in remains if str(one.cohort.pk) == chosen for g in one.groups]
        runs = (
            request_plan(ids, as_if_requested=False, by=person, providers=["discord"])
            if ids
            else []
        )
        if not runs:
            messages.error(request, "Nothing of this cohort is due for removal.")
            return redirect(LIST)
        return redirect(REVIEW, runs[0].pk)

    def removal_view(self, request: HttpRequest, run_id: int) -> HttpResponse:
        """Show the review once a worker has answered; a POST stores the decisions."""
        person = _check_permission(request)
        run = SyncRun.objects.filter(pk=run_id, provider="discord", mode="plan").first()
        if run is None:
            raise Http404("This review has expired. Start again.")
        if request.method == "POST":
            return self._decide(request, run, person)
        code = run.summary.get("issue", "")
        return self._render(
            request,
            "removal",
            "Remove these objects?",
            run=run,
            parts=_read_parts(run),
            issue=describe_issue(code, run.summary.get("detail", "")) if code else None,
            is_worker_alive=read_context(clock.now()).is_worker_alive,
        )

    def _decide(self, request: HttpRequest, run: SyncRun, person: User) -> HttpResponse:
        decisions = {
            name.removeprefix(PREFIX): str(value)
            for name, value in request.POST.items()
            if name.startswith(PREFIX) and value in {REMOVE, KEEP}
        }
        roles = _find_lonely_roles(run, decisions)
        answer = request.POST.get("roles", "")
        if roles and answer not in {REMOVE, KEEP}:
            return self._ask_about_roles(request, run, decisions, roles)
        decisions |= dict.fromkeys(roles, answer)
        decided = decide(run.summary.get("removable", ()), decisions, by=person.pk, now=clock.now())
        if not decided.removed and not decided.kept:
            messages.error(request, NOTHING_DECIDED)
            return redirect(LIST)
        messages.success(
            request,
            f"{count(decided.removed, 'object')} will be removed within a minute or two; "
            f"{count(decided.kept, 'object')} will be kept. A channel with a newer message is not "
            "removed.",
        )
        return redirect(LIST)

    def _ask_about_roles(
        self,
        request: HttpRequest,
        run: SyncRun,
        decisions: dict[str, str],
        roles: dict[str, str],
    ) -> HttpResponse:
        return confirmation_page(
            request,
            title="Remove the roles of channels that you keep?",
            sentences=[
                "You keep channels of these groups and remove their roles. Without the role, only "
                "administrators can see the channel, and giving it to people again is work by hand."
            ],
            listed=roles.values(),
            form=RolesForm(),
            hidden=[(f"{PREFIX}{key}", value) for key, value in decisions.items()],
            button="Remove and keep as chosen",
            back=reverse(REVIEW, args=[run.pk]),
            danger=True,
        )

    def _render(self, request: HttpRequest, name: str, title: str, **context: Any) -> HttpResponse:
        template = f"admin/discordsync/{name}.html"
        return admin_page(request, template, title, opts=self.opts, **context)


def _check_permission(request: HttpRequest) -> User:
    if not request.user.has_perm(PERMISSION):
        raise PermissionDenied
    assert isinstance(request.user, User)
    return request.user


def find_remains(now: datetime) -> list[Remains]:
    """Return the cohorts with removable groups whose objects still exist.  Two queries."""
    counts = Counter(recorded_infrastructure().values_list("cohort", flat=True))
    found: dict[int, Remains] = {}
    for group in groups_with_remains(now):
        empty = Remains(group.cohort, [], counts[group.cohort_id])
        found.setdefault(group.cohort_id, empty).groups.append(group)
    return list(found.values())


def _find_lonely_roles(run: SyncRun, decisions: Mapping[str, str]) -> dict[str, str]:
    """Return the names, by key, of roles that are to be removed although a channel of their group
    is kept."""
    shown = [one for one in run.summary.get("removable", ()) if one["group_id"]]
    kept = {one["group_id"] for one in shown if decisions.get(one["key"]) == KEEP}
    return {
        one["key"]: one["name"]
        for one in shown
        if one["kind"] == "role" and one["group_id"] in kept
        if decisions.get(one["key"]) == REMOVE
    }


def _read_parts(run: SyncRun) -> list[tuple[str, list[RemovalRow]]]:
    """Return the objects by group, and last those that whole cohorts share."""
    names = dict(Group.objects.filter(pk__in=run.group_ids).values_list("pk", "name"))
    parts: dict[str, list[RemovalRow]] = {}
    for each in run.summary.get("removable", ()):
        title = names.get(each["group_id"], "Shared by the whole cohort")
        parts.setdefault(title, []).append(_read_row(each))
    return list(parts.items())


def _read_row(shown: dict[str, Any]) -> RemovalRow:
    last = shown["last_message_at"]
    return RemovalRow(
        field=f"{PREFIX}{shown['key']}",
        what=capfirst(shown["kind"]),
        name=shown["name"],
        made_at=datetime.fromisoformat(shown["made_at"]),
        last_message_at=datetime.fromisoformat(last) if last else None,
        note=_note(shown),
        keeps=shown["adopted"],
    )


def _note(shown: dict[str, Any]) -> str:
    if not shown["is_listed"]:
        return "not in Discord's lists, so it may be gone already"
    return "not created by Lens" if shown["adopted"] else ""
