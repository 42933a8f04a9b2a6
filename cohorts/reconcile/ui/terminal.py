"""Plans and progress as plain text, for a terminal or a file."""

import shutil
from collections.abc import Iterator

from django.core.management.base import OutputWrapper

from cohorts.reconcile.models import SyncAction
from cohorts.reconcile.selectors import GroupView
from cohorts.reconcile.status_text import Level
from cohorts.reconcile.ui.plan_view import Part, PlanView
from cohorts.reconcile.ui.waiting import WaitingProgress, format_status
from cohorts.words import count

BAR = 24  # characters


def write_plan(plan: PlanView) -> Iterator[str]:
    for answer in plan.answers:
        for line in answer.budget:
            adds = f", {line.adds} would be added" if line.adds else ""
            yield f"{answer.provider.title}: {line.used} of {line.limit} {line.what} in use{adds}."
        if answer.issue:
            yield f"{answer.provider.title}: {format_status(answer.issue)}"
    for part in plan.parts:
        yield from _write_part(part)
    if plan.unreached:
        yield "\nNot reachable yet. They get access automatically once the reason is resolved:"
        yield from (
            f"  {p.name} ({part.title}, {p.provider.title}): {p.why}" for part, p in plan.unreached
        )
    yield f"\n{len(plan.actions)} actions would be done, {len(plan.held)} are held back."


def _write_part(part: Part) -> Iterator[str]:
    yield f"\n{part.title}"
    for provider, status in part.issues:
        yield f"  {provider.title}: {format_status(status)}"
    for reason, actions in part.held_by_reason:
        yield f"  Held back: {format_status(reason)}"
        yield from (f"    {action.provider.title}: {action.sentence}" for action in actions)
    for action in part.actions:
        yield f"  {action.provider.title}: {action.sentence}"
    if not (part.issues or part.held or part.actions):
        yield "  Nothing to do."


def write_groups(groups: tuple[GroupView, ...]) -> Iterator[str]:
    """Yield the status of each group, one line for each provider with something to report."""
    for view in groups:
        shown = [p for p in view.places if p.status.level not in {Level.OFF, Level.FINE}]
        if not shown:
            yield f"{view.group}: in sync"
        for place in shown:
            yield f"{view.group}: {place.provider.title}: {format_status(place.status)}"


class ProgressLine:
    """A line that is redrawn on a terminal; elsewhere one line for each advance."""

    def __init__(self, out: OutputWrapper) -> None:
        self.out = out
        self.is_terminal = out.isatty()
        self.last = ""

    def draw(self, progress: WaitingProgress) -> None:
        for action in progress.news:  # lines that stay
            self.clear()
            self.out.write(format_action(action))
        line, key = self._line(progress), str(len(progress.settled))
        if self.is_terminal:
            width = shutil.get_terminal_size().columns - 1
            self.out.write(f"\r\x1b[K{line[:width]}", ending="")
        elif key != self.last:
            self.out.write(line)
        self.last = key
        self.out.flush()

    def clear(self) -> None:
        if self.is_terminal:
            self.out.write("\r\x1b[K", ending="")

    @staticmethod
    def _line(progress: WaitingProgress) -> str:
        total, settled = len(progress.groups), len(progress.settled)
        filled = BAR * settled // total if total else BAR
        left = f", {progress.left} left" if progress.left is not None else ""
        waiting = (
            "" if progress.is_worker_alive else " (no worker is running: start manage.py worker)"
        )
        bar = f"[{'#' * filled}{'.' * (BAR - filled)}]"
        done = f"{settled} of {count(total, 'group')}, {count(progress.done, 'action')} done"
        return f"{bar} {done}{left}{waiting}"


def format_action(action: SyncAction) -> str:
    outcome = "failed" if action.outcome == SyncAction.Outcome.FAILED else "no clear response"
    return f"{outcome}: {action.verb} {action.target}: {action.error}"
