"""Ask for a step, undo it, and carry it out."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import F

from cohorts.activity.recording import acting_as, one_act, record
from cohorts.errors import Refusal
from cohorts.models import Cohort, CohortStep
from cohorts.services.locks import lock_groups
from cohorts.signals import announced_together
from cohorts.steps.letters import check_letter
from cohorts.steps.registry import StepKind, StepPreview, step_kinds

State = CohortStep.State
GIVEN_UP_AFTER = timedelta(days=1)
KILLED_AFTER = 2  # attempts that were begun and neither succeeded nor raised: the worker was killed
CHANGED = "The data has changed since the preview. Nothing was changed. Check the new preview."


def kind_of(step: CohortStep) -> StepKind:
    return step_kinds[step.kind]


@transaction.atomic
def ask_for_step(
    kind: str,
    cohort_id: int,
    params: Mapping[str, Any],
    *,
    seen: str,
    letter: str = "",
    reason: str = "",
    by: int | None,
    now: datetime,
) -> CohortStep:
    """Record a step that will be carried out later. `seen` is the digest of the confirmed preview.

    Confirming the same step twice records one. Raises Refusal: facts_changed, bad_letter,
    already_waiting with another letter or reason, and those of the kind's preview.
    """
    Cohort.objects.select_for_update(no_key=True).get(pk=cohort_id)
    step = CohortStep(cohort_id=cohort_id, kind=kind, params=dict(params), reason=reason)
    waiting = CohortStep.objects.filter(
        cohort=cohort_id, kind=kind, params=step.params, state=State.WAITING
    ).first()
    if waiting:
        _check_same(waiting, letter, reason)
        return waiting
    found = step_kinds[kind]
    if letter.strip():
        check_letter(letter, found.known_placeholders)
    if found.preview(step, now).digest != seen:
        raise Refusal("facts_changed", CHANGED)
    step.letter, step.digest, step.asked_by_id, step.asked_at = letter.strip(), seen, by, now
    step.due_at = now + (timedelta(minutes=settings.STEP_DELAY_MINUTES) * found.waits)
    step.save()
    record("step_confirmed", by=by, cohort=cohort_id, about=step, reason=reason)
    return step


def _check_same(waiting: CohortStep, letter: str, reason: str) -> None:
    """Refuse to drop another letter or reason silently."""
    if (waiting.letter, waiting.reason) != (letter.strip(), reason):
        raise Refusal(
            "already_waiting",
            "The same change is waiting already, with another letter or reason. Undo it first, on "
            "its page, then confirm this one.",
        )


@transaction.atomic
def undo_step(step_id: int, *, now: datetime) -> CohortStep:
    """Undo a step that is still waiting; no one gets a message. Undoing it twice changes nothing.

    Raises Refusal: no_step, step_over.
    """
    step = _lock(step_id)
    if step.state == State.UNDONE:
        return step
    if step.state != State.WAITING:
        raise Refusal("step_over", "This has taken effect already, so it cannot be undone here.")
    record("step_undone", cohort=step.cohort_id, about=step)
    return _finish(step, State.UNDONE, now)


@transaction.atomic
def carry_out_step(step_id: int, *, now: datetime) -> CohortStep:
    """Carry out a step that is due, if its preview still holds; otherwise stop it.

    A step that is not waiting, or not due, is returned unchanged. Raises Refusal("no_step").
    """
    step = _lock(step_id)
    if step.state != State.WAITING or now < step.due_at:
        return step
    try:
        with transaction.atomic():
            return _carry_out(step, now)
    except Refusal as refusal:
        step = _lock(step_id)  # without what the attempt had set
        step.stopped_why = refusal.sentence
        return _stop(step, now)


def begin_attempt(step_id: int) -> bool:
    """Count an attempt before it begins; return whether earlier ones ended without any result.

    A worker that is killed records nothing afterwards. Two attempts may overlap, more do not.
    """
    waiting = CohortStep.objects.filter(pk=step_id, state=State.WAITING)
    waiting.update(attempts=F("attempts") + 1)
    return waiting.filter(attempts__gt=KILLED_AFTER, failing_since=None).exists()


@transaction.atomic
def record_failure(step_id: int, *, now: datetime) -> bool:
    """Record that an error in Lens prevents a step; return whether this is new.

    A step that fails for a day is stopped: much later, no one expects it any more.
    """
    step = CohortStep.objects.select_for_update(of=("self",)).filter(pk=step_id).first()
    if step is None or step.state != State.WAITING:
        return False
    if step.failing_since is None:
        step.failing_since = now
        step.save(update_fields=["failing_since"])
        return True
    if step.failing_since <= now - GIVEN_UP_AFTER:
        step.stopped_why = "An error in Lens prevented it for a day. Nothing was changed."
        _stop(step, now)
    return False


def _stop(step: CohortStep, now: datetime) -> CohortStep:
    with acting_as(None):
        record("step_stopped", cohort=step.cohort_id, about=step, reason=step.stopped_why)
    return _finish(step, State.STOPPED, now)


def _carry_out(step: CohortStep, now: datetime) -> CohortStep:
    kind = step_kinds.get(step.kind)
    if kind is None:
        raise Refusal("no_kind", "This version of Lens does not know this kind of change.")
    groups = lock_groups(kind.groups_of(step))
    preview = kind.preview(step, now)
    if preview.digest != step.digest:
        raise Refusal(
            "facts_changed",
            "Something changed after the preview. Nothing was changed. Start again from a new "
            "preview.",
        )
    with (
        one_act("step_carried_out", by=step.asked_by_id, cohort=step.cohort_id, about=step) as act,
        announced_together(),
    ):
        act.concern(groups=groups, people=[one.user_id for one in preview.recipients])
        step.record = kind.carry_out(step, now)
    _store_messages(step, preview)
    return _finish(step, State.DONE, now)


def _store_messages(step: CohortStep, preview: StepPreview) -> None:
    """Keep the text for people, so that they read what the preview showed."""
    step.letters = {str(one.user_id): dict(one.values) for one in preview.recipients}
    step.posts = {str(group_id): text for group_id, text in preview.posts.items()}


def _lock(step_id: int) -> CohortStep:
    step = CohortStep.objects.select_for_update(of=("self",)).filter(pk=step_id).first()
    if step is None:
        raise Refusal("no_step", "This change no longer exists.")
    return step


def _finish(step: CohortStep, state: str, now: datetime) -> CohortStep:
    step.state, step.finished_at = state, now
    step.save()
    return step
