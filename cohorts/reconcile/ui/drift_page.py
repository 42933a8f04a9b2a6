"""What differs outside, object by object, and what staff choose about it.

Each choice stands beside what follows from it, so sending the page needs no second question.  What
has changed since the page was made is asked again.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from cohorts import clock
from cohorts.admin_base.links import next_page
from cohorts.models import User
from cohorts.reconcile.differences import (
    CHOICE_LABELS,
    DRIFT_TITLES,
    DriftChoice,
    DriftKind,
    DriftOption,
)
from cohorts.reconcile.drift.drift_decisions import DriftDecision, decide, may_choose
from cohorts.reconcile.drift.drift_rows import DriftRow, read_drift_rows, read_ref
from cohorts.reconcile.provider import provider_specs
from cohorts.reconcile.ui.plan_pages import person_of
from cohorts.reconcile.ui.staff import show, staff_page
from cohorts.validators import read_id
from cohorts.words import count

SHOWN = 50  # on one page
# What one button does to all of a kind on the page.
TOGETHER = {
    DriftKind.DELETED: (DriftChoice.RECREATE,),
    DriftKind.RENAMED: (DriftChoice.KEEP, DriftChoice.APPLY),
    DriftKind.MOVED: (DriftChoice.KEEP, DriftChoice.APPLY),
    DriftKind.PERMISSIONS: (DriftChoice.KEEP, DriftChoice.APPLY),
}


@dataclass(frozen=True, slots=True)
class ShownDrift:
    """One difference as the page shows it, with the options of this reader.  `chosen`: that of the
    link which led here, or ""."""

    row: DriftRow
    where: str  # the integration's name
    options: Sequence[DriftOption]
    chosen: str

    @property
    def is_waiting(self) -> bool:
        return self.row.drift.decided == DriftChoice.APPLY


@dataclass(frozen=True, slots=True)
class DriftSection:
    """All differences of one kind on the page; `together`: (value, label) of its buttons."""

    title: str
    items: Sequence[ShownDrift]
    together: Sequence[tuple[str, str]]


@staff_page
@require_http_methods(["GET", "POST"])
def drift(request: HttpRequest) -> HttpResponse:
    """List what differs.  `?group=` shows one group; `?item=` and `?choice=` preselect."""
    if request.method == "POST":
        return _decide(request)
    only = read_id(request.GET.get("group", ""))
    rows = read_drift_rows(only)
    user = person_of(request)
    open_rows = [row for row in rows if not row.drift.is_kept]
    page = Paginator(open_rows, SHOWN).get_page(request.GET.get("page"))
    item = request.GET.get("item", "")
    chosen = (item, request.GET.get("choice", ""))
    kept = [row for row in rows if row.drift.is_kept][:SHOWN]
    return show(
        request,
        "drift",
        "Changed outside Lens",
        sections=_sections(list(page), user, chosen),
        kept=[_show(row, user, ("", "")) for row in kept],
        page=page,
        only=next((row.group for row in rows if only), None),
        item=item,
        next=next_page(request, request.get_full_path()),
    )


def _sections(rows: list[DriftRow], user: User, chosen: tuple[str, str]) -> list[DriftSection]:
    found = []
    for kind in DriftKind:
        items = [_show(row, user, chosen) for row in rows if row.drift.kind == kind]
        if items:
            found.append(DriftSection(DRIFT_TITLES[kind], items, _together(kind, items)))
    return found


def _together(kind: DriftKind, items: Sequence[ShownDrift]) -> list[tuple[str, str]]:
    """Return the buttons that choose the same for several differences."""
    if len(items) < 2:
        return []
    return [
        (f"{kind}:{choice}", f"{CHOICE_LABELS[choice]}: all {len(items)}")
        for choice in TOGETHER.get(kind, ())
    ]


def _show(row: DriftRow, user: User, chosen: tuple[str, str]) -> ShownDrift:
    options = [one for one in row.drift.open_options if may_choose(user, one)]
    item, choice = chosen
    where = provider_specs()[row.provider].title
    return ShownDrift(row, where, options, choice if item == row.ref else "")


# -- choices -------------------------------------------------------------------------------------


def _decide(request: HttpRequest) -> HttpResponse:
    back = next_page(request, reverse("drift"))
    found = list(_read_choices(request))
    if not found:
        messages.info(request, "Nothing was chosen, so nothing has changed.")
        return redirect(back)
    decided = decide(found, by=person_of(request), now=clock.now())
    if decided.done:
        messages.success(
            request, f"{count(decided.done, 'choice')} saved. Lens carries them out shortly."
        )
    for sentence in dict.fromkeys(decided.refused):
        messages.warning(request, sentence)
    return redirect(back)


def _read_choices(request: HttpRequest) -> Iterable[DriftDecision]:
    """Yield what was chosen: by one button for all of a kind, or for each by itself."""
    kind, _, together = request.POST.get("all", "").partition(":")
    for name, seen in request.POST.items():
        part, _, ref = name.partition(":")
        parts = read_ref(ref) if part == "seen" else None
        if parts is None:
            continue
        own = request.POST.get(f"choice:{ref}", "")
        choice = together if request.POST.get(f"kind:{ref}") == kind and together else own
        if choice and (not together or choice == together):
            answer = request.POST.get(f"answer:{ref}", "")
            yield DriftDecision(*parts, seen=str(seen), choice=str(choice), answer=str(answer))
