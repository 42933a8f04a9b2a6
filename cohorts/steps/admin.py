"""The staff pages of steps: form, preview with the letter, and the page of a confirmed step."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

from django.contrib import admin, messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import URLPattern, path
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from cohorts import clock
from cohorts.admin_base.base import admin_page
from cohorts.admin_base.links import cohort_url
from cohorts.errors import Refusal
from cohorts.models import Cohort, CohortStep, Group, User
from cohorts.steps.letters import check_letter, fill_letter
from cohorts.steps.recent import STEP_PAGE, describe_step
from cohorts.steps.registry import StepForm, StepKind, StepPreview, StepSection, step_kinds
from cohorts.steps.services import ask_for_step, undo_step
from cohorts.steps.tasks import wake_when_due
from cohorts.web.access import require
from cohorts.web.refusal_messages import shown_refusals
from cohorts.zones import find_zone


class StepsMixin(admin.ModelAdmin):
    """Adds the pages of steps to the admin of cohorts."""

    def get_urls(self) -> list[URLPattern]:
        def view(function: Any) -> Any:
            return require_http_methods(["GET", "POST"])(self.admin_site.admin_view(function))

        return [
            path("steps/<int:pk>/", view(show_step), name="cohorts_step"),
            path("<int:pk>/steps/<slug:kind>/", view(ask), name="cohorts_cohort_step"),
            *super().get_urls(),
        ]


# -- asking for a step ---------------------------------------------------------------------------


@dataclass
class _Asking:
    """One request to the page of a kind."""

    request: HttpRequest
    kind: StepKind
    cohort: Cohort
    form: StepForm
    now: datetime
    preview: StepPreview | None = None
    step: CohortStep | None = None
    letter: str = ""
    done: CohortStep | None = None

    @property
    def action(self) -> str:
        return self.request.POST.get("do", "")

    def advance(self) -> None:
        """Preview or confirm, as far as the form allows. A refusal becomes an error of the form."""
        if not self.form.is_bound or not self.form.is_valid():
            return
        try:
            params = self.form.read()
            reason = self.form.cleaned_data.get("reason", "")
            self.step = CohortStep(
                cohort=self.cohort, kind=self.kind.name, params=params, reason=reason
            )
            preview = self.kind.preview(self.step, self.now)
            if self.action == "edit":
                return
            self.preview = preview
            self._read_letter()
            if self.action == "confirm":
                self._confirm()
        except Refusal as refusal:
            self.form.add_error(None, refusal.sentence)

    def _read_letter(self) -> None:
        """Take the edited letter; the default one is not stored, nor used for other values."""
        assert self.step is not None
        default = self.kind.default_letter(self.step)
        typed = self.request.POST.get("letter", "").replace("\r\n", "\n").strip()
        self.letter = typed or default
        check_letter(self.letter, self.kind.known_placeholders)
        self.step.letter = "" if self.letter == default.strip() else self.letter

    def _confirm(self) -> None:
        assert self.step is not None
        self.done = ask_for_step(
            self.kind.name,
            self.cohort.pk,
            self.step.params,
            seen=self.request.POST.get("seen", ""),
            letter=self.step.letter,
            reason=self.step.reason,
            by=self.request.user.pk,
            now=self.now,
        )

    def forecast(self) -> tuple[StepSection, ...]:
        if self.preview is None or self.step is None:
            return ()
        return self.kind.forecast(self.step, self.now)

    def sample(self) -> dict[str, Any] | None:
        """Return the letter of the chosen person, or of the first."""
        if self.preview is None or not self.preview.recipients:
            return None
        chosen = self.request.POST.get("person", "")
        people = self.preview.recipients
        person = next((one for one in people if str(one.user_id) == chosen), people[0])
        try:
            check_letter(self.letter, self.kind.known_placeholders)
        except Refusal:
            return {"person": person, "subject": "", "lines": ()}
        subject, lines = fill_letter(self.letter, {**person.values, "name": person.name})
        return {"person": person, "subject": subject, "lines": lines}


def ask(request: HttpRequest, pk: int, kind: str) -> HttpResponse:
    """Show the form of a kind of step, its preview, and take the confirmation."""
    found = _kind(request, kind)
    cohort = get_object_or_404(Cohort.objects.select_related("course"), pk=pk)
    form = _read_form(request, found, cohort)
    asking = _Asking(request, found, cohort, form, clock.now())
    with timezone.override(find_zone(cast(User, request.user).timezone)):
        asking.advance()
        if asking.done:
            wake_when_due(asking.done, asking.now)
            return redirect(STEP_PAGE, asking.done.pk)
        return _show(asking)


def _read_form(request: HttpRequest, kind: StepKind, cohort: Cohort) -> StepForm:
    """Return the form, filled in. A form that asks nothing leads straight to the preview."""
    if request.method == "POST":
        return kind.form_class(request.POST, cohort=cohort)
    form = kind.form_class(initial=request.GET.dict(), cohort=cohort)
    return form if form.visible_fields() else kind.form_class(request.GET, cohort=cohort)


def _kind(request: HttpRequest, name: str) -> StepKind:
    kind = step_kinds.get(name)
    if kind is None:
        raise Http404("There is no such change.")
    require(request, *kind.permissions)
    return kind


def _show(asking: _Asking) -> HttpResponse:
    return admin_page(
        asking.request,
        "admin/cohorts/steps/ask.html",
        f"{asking.kind.title}: {asking.cohort.course}, {asking.cohort}",
        cohort=asking.cohort,
        kind=asking.kind,
        form=asking.form,
        preview=asking.preview,
        forecast=asking.forecast(),
        letter=asking.letter,
        sample=asking.sample(),
        back=cohort_url(cast(User, asking.request.user), asking.cohort.pk),
        status=400 if asking.form.errors else 200,
    ).render()


# -- a confirmed step ----------------------------------------------------------------------------


def show_step(request: HttpRequest, pk: int) -> HttpResponse:
    """Show a confirmed step; on POST, undo it while it is waiting."""
    step = get_object_or_404(CohortStep.objects.select_related("cohort__course", "asked_by"), pk=pk)
    kind = _kind(request, step.kind)
    if request.method == "POST":
        with shown_refusals(request):
            undo_step(pk, now=clock.now())
            messages.success(request, "Undone. Nothing was changed, and no one gets a message.")
        return redirect(STEP_PAGE, pk)
    groups = Group.objects.filter(cohort=step.cohort_id).in_bulk()
    with timezone.override(find_zone(cast(User, request.user).timezone)):
        return admin_page(
            request,
            "admin/cohorts/steps/step.html",
            f"{kind.title}: {step.cohort.course}, {step.cohort}",
            recent=describe_step(step, groups, clock.now()),
            step=step,
            cohort=step.cohort,
            back=cohort_url(cast(User, request.user), step.cohort_id),
        ).render()
