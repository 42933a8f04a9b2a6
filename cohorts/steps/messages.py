"""Messages about steps: one letter per person, one post per channel, and an e-mail if stopped."""

import re
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.urls import reverse

from cohorts.models import CohortStep, Group, User
from cohorts.outbox.models import Message
from cohorts.outbox.registry import (
    MessageObsolete,
    first_event,
    message_source,
    notification,
)
from cohorts.steps.letters import fill_letter
from cohorts.steps.registry import step_kinds

LETTER, STOPPED = "step_letter", "step_stopped"
LETTER_WITHIN = timedelta(days=7)
SENT_WITHIN = timedelta(days=1)
FAILING_FOR = timedelta(minutes=5)  # an outage of the database or a restart may be over by then
State = CohortStep.State


def letter_key(step_id: int, user_id: int) -> str:
    return f"step:{step_id}:{user_id}"


def post_key(step_id: int, group_id: int) -> str:
    return f"step:{step_id}:group:{group_id}"


@message_source("cohort steps")
def pending_step_letters(
    group_ids: frozenset[int] | None, since: datetime, now: datetime
) -> Iterator[Message]:
    """Yield the letters and posts of steps that were carried out. Two queries."""
    first = first_event(group_ids, since, LETTER_WITHIN)
    done = CohortStep.objects.filter(state=State.DONE, finished_at__gt=first, finished_at__lte=now)
    if group_ids is not None:
        done = done.filter(cohort__groups__in=group_ids).distinct()
    steps = list(done)
    if not steps:
        return
    people = {int(user_id) for step in steps for user_id in step.letters}
    known = set(User.objects.filter(pk__in=people).values_list("pk", flat=True))
    held = {int(group_id) for step in steps for group_id in step.posts}
    groups = set(Group.objects.filter(pk__in=held).values_list("pk", flat=True))
    for step in steps:
        for user_id in sorted(known & {int(one) for one in step.letters}):
            yield _build(step, letter_key(step.pk, user_id), user_id=user_id)
        for group_id in sorted(groups & {int(one) for one in step.posts}):
            yield _build(step, post_key(step.pk, group_id), group_id=group_id)


def _build(
    step: CohortStep, key: str, *, user_id: int | None = None, group_id: int | None = None
) -> Message:
    assert step.finished_at is not None
    return Message(
        key=key,
        kind=LETTER,
        channel=Message.Channel.EMAIL if user_id else Message.Channel.DISCORD_CHANNEL,
        group_id=group_id,
        user_id=user_id,
        due_at=step.finished_at,
        cutoff_at=step.finished_at + LETTER_WITHIN,
        context={"step": step.pk},
    )


@notification(LETTER, topic="changes", title="Change for the whole cohort")
def step_letter_context(message: Message, _now: datetime) -> dict[str, Any]:
    """Return the context of the letter's templates. Raises MessageObsolete."""
    step = CohortStep.objects.filter(pk=message.context["step"]).first()
    if step is None or step.kind not in step_kinds:
        raise MessageObsolete("The change no longer exists.")
    if step.state != State.DONE:
        raise MessageObsolete("The change was undone.")
    if message.user_id is None:
        return {"lines": split_links(step.posts.get(str(message.group_id), "").splitlines())}
    values = step.letters.get(str(message.user_id))
    if values is None or message.user is None:
        raise MessageObsolete("The person is no longer concerned.")
    subject, lines = write_letter(step, message.user.display_name, values)
    return {"subject": subject, "lines": split_links(lines)}


def write_letter(
    step: CohortStep, name: str, values: dict[str, str]
) -> tuple[str, tuple[str, ...]]:
    """Return the subject and lines of one person's letter."""
    text = step.letter or step_kinds[step.kind].default_letter(step)
    return fill_letter(text, {**values, "name": name})


def split_links(lines: Iterable[str]) -> list[dict[str, str]]:
    """Split our own address at the end of a line from its words, so that it becomes a link."""
    own = re.compile(rf"^(?P<words>.*?)\s*(?P<url>{re.escape(settings.SITE_URL)}/\S*)?$", re.DOTALL)
    return [found.groupdict("") for line in lines if (found := own.match(line))]


@message_source("stopped cohort steps")
def pending_stopped_steps(
    _group_ids: frozenset[int] | None, since: datetime, now: datetime
) -> Iterator[Message]:
    """Yield the e-mail to each person whose step was stopped, or cannot be carried out for now."""
    stopped = CohortStep.objects.filter(
        state=State.STOPPED,
        asked_by__isnull=False,
        finished_at__gt=since - SENT_WITHIN,
        finished_at__lte=now,
    )
    for step in stopped:
        assert step.finished_at is not None  # the query filters by it
        yield _build_stopped(step, f"{STOPPED}:{step.pk}", step.finished_at)
    failing = CohortStep.objects.filter(
        state=State.WAITING, asked_by__isnull=False, failing_since__lte=now - FAILING_FOR
    )
    for step in failing.filter(failing_since__gt=since - SENT_WITHIN):
        assert step.failing_since is not None
        due_at = step.failing_since + FAILING_FOR
        yield _build_stopped(step, f"{STOPPED}:{step.pk}:failing", due_at)


def _build_stopped(step: CohortStep, key: str, due_at: datetime) -> Message:
    return Message(
        key=key,
        kind=STOPPED,
        channel=Message.Channel.EMAIL,
        group_id=None,
        user_id=step.asked_by_id,
        due_at=due_at,
        cutoff_at=due_at + SENT_WITHIN,
        context={"step": step.pk},
    )


@notification(STOPPED, title="Change for the whole cohort not carried out")
def step_stopped_context(message: Message, _now: datetime) -> dict[str, Any]:
    """Return the context of the e-mail's templates. Raises MessageObsolete."""
    steps = CohortStep.objects.select_related("cohort__course")
    step = steps.filter(pk=message.context["step"]).first()
    if step is None:
        raise MessageObsolete("The change no longer exists.")
    if step.state != State.STOPPED and not step.is_failing:
        raise MessageObsolete("The change was carried out or undone.")
    kind = step_kinds.get(step.kind)
    return {
        "step": step,
        "title": kind.title if kind else step.kind,
        "step_url": f"{settings.SITE_URL}{reverse('admin:cohorts_step', args=[step.pk])}",
    }
