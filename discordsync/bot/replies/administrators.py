"""Answers to administrators of the server: realize a cohort, and show its progress.

    /realize-cohort   asks a worker for a plan     ->  "Preparing …", then the plan with a button
    the button        requests realization         ->  the status of each group, until it has ended

If two administrators do this at once, each sees a plan and the progress; the second request does
not replace the first.
"""

from collections.abc import Iterable

from django.conf import settings
from django.urls import reverse

from cohorts import clock
from cohorts.errors import Refusal
from cohorts.models import AccessState, Cohort, Group, User
from cohorts.reconcile import services
from cohorts.reconcile.models import SyncRun
from cohorts.reconcile.provider import configured_providers
from cohorts.reconcile.selectors import GroupView, live_groups, newest_action
from cohorts.reconcile.status_text import Level
from cohorts.reconcile.ui.plan_view import PlanView, read_plan
from cohorts.reconcile.ui.waiting import WaitingProgress, format_status, read_progress
from cohorts.reconcile.workers.heartbeats import is_worker_alive
from cohorts.selectors import find_cohort
from cohorts.words import count
from discordsync.bot.replies.bot_answer import BotAnswer, Button, ButtonStyle, FollowUp
from discordsync.bot.replies.requests import BotRequest
from discordsync.bot.replies.users import Requester
from discordsync.delivery.discord_text import escape

CHOICES = 25  # Discord's limit for an autocompletion
CHOICE_LENGTH = 100
SOON, LATER = 1.0, 3.0  # seconds between polls; an unchanged text is not sent again
NAMES_SHOWN, GROUPS_SHOWN = 15, 20
CALM_POLLS = 2  # a finished group's welcome can become due a moment later

NO_WORKER = (
    "No worker has responded for 90 seconds. The request is saved and starts when a worker runs."
)


def find_choices(words: str) -> list[tuple[str, str]]:
    """Return (text shown, value sent) for open cohorts whose course or name contains `words`."""
    cohorts = Cohort.objects.filter(status=Cohort.Status.OPEN).select_related("course")
    named = [(f"{cohort.course}: {cohort.name}", str(cohort.pk)) for cohort in cohorts]
    asked = words.casefold().strip()
    fitting = sorted((name, pk) for name, pk in named if asked in name.casefold())
    return [(name[:CHOICE_LENGTH], pk) for name, pk in fitting[:CHOICES]]


def realize(by: Requester, cohort: int | str) -> BotAnswer:
    """Ask a worker to plan what realizing this cohort would do."""
    found = find_cohort(str(cohort))
    groups = list(live_groups([found.pk]).values_list("pk", flat=True))
    if not groups:
        raise Refusal(
            "no_groups", f"All groups of {escape(str(found))} have ended, or it has none."
        )
    runs = services.request_plan(groups, as_if_requested=True, by=by.person)
    return _show_plan([run.pk for run in runs])


def plan(runs: int | str) -> BotAnswer:
    return _show_plan(_ids(runs))


def confirm(by: Requester, runs: int | str) -> BotAnswer:
    """Request the realization of a plan that was shown, and return its progress."""
    groups = _groups_of(_find_runs(_ids(runs)))
    after = newest_action()
    requested_as = "" if by.person else f"{by.called} on Discord"
    services.request_realize(
        [group.pk for group in groups], by=by.person, requested_as=requested_as, now=clock.now()
    )
    for name in configured_providers():
        services.end_wait(name)
    return progress(runs, after, 0)


def progress(runs: int | str, after: int, calm: int) -> BotAnswer:
    """Return the status of each group and, at the end, the result."""
    groups = _groups_of(_find_runs(_ids(runs)))
    sight = read_progress([group.pk for group in groups], after, after)
    calm = calm + 1 if len(sight.settled) == len(sight.groups) else 0
    buttons = (_page_button("sync:progress", groups[0].cohort_id),)
    if calm >= CALM_POLLS:
        return BotAnswer(_ended_text(sight), buttons, public_text=_ended_public_text(sight, groups))
    follow_up = FollowUp(BotRequest("progress", (runs, after, calm)), SOON if calm else LATER)
    return BotAnswer(_progress_text(sight), buttons, follow_up)


# -- the plan ------------------------------------------------------------------------------------


def _show_plan(ids: list[int]) -> BotAnswer:
    runs = _find_runs(ids)
    view = read_plan(runs)
    groups = _groups_of(runs)
    cohort = escape(str(groups[0].cohort))
    if view.waiting:
        return _waiting(ids, cohort)
    buttons = [_page_button("sync:plan", ids)]
    if view.actions:
        request = BotRequest("confirm", (_join_ids(ids),))
        buttons.insert(0, Button(f"Realize {groups[0].cohort}", request, style=ButtonStyle.GOOD))
    public_text = f"The preview for realizing {cohort} is ready: {_url('sync:plan', ids)}"
    return BotAnswer(_plan_text(view, cohort, len(groups)), tuple(buttons), public_text=public_text)


def _waiting(ids: list[int], cohort: str) -> BotAnswer:
    text = f"Preparing a preview for {cohort} …"
    if not is_worker_alive():
        text = f"{text}\n{NO_WORKER}"
    follow_up = FollowUp(BotRequest("plan", (_join_ids(ids),)), SOON)
    return BotAnswer(text, (_page_button("sync:plan", ids),), follow_up)


def _plan_text(view: PlanView, cohort: str, groups: int) -> str:
    lines = [f"**Realize {cohort}?** {groups} groups, {len(view.actions)} actions."]
    for answer in view.answers:
        title = answer.provider.title
        if answer.issue:
            lines.append(f"{title}: {format_status(answer.issue)}")
        mine = [action.verb for action in view.actions if action.provider == answer.provider]
        lines.append(f"{title}: {_count_verbs(mine)}")
        lines += [
            f"- {line.what}: {line.used} of {line.limit} in use, {line.adds} would be added"
            for line in answer.budget
            if line.adds
        ]
    if view.held:
        reasons = sorted({action.held.words for action in view.held if action.held})
        lines.append(f"Held back: {len(view.held)} actions. {' '.join(reasons)}")
    absent = sorted({escape(one.name) for _, one in view.unreached})
    if absent:
        lines.append(
            f"Not reachable yet: {_list_names(absent)}. They get access once they are reachable."
        )
    if not view.actions:
        lines.append("Nothing to do.")
    return "\n".join(lines)


def _count_verbs(verbs: list[str]) -> str:
    counted = {verb: verbs.count(verb) for verb in dict.fromkeys(verbs)}
    return ", ".join(f"{verb} {count}" for verb, count in counted.items()) or "nothing to do"


# -- progress ------------------------------------------------------------------------------------


def _progress_text(sight: WaitingProgress) -> str:
    done = len(sight.settled)
    lines = [
        f"**{done} of {count(len(sight.groups), 'group')}**, {count(sight.done, 'action')} done."
    ]
    if not sight.is_worker_alive:
        lines.append(NO_WORKER)
    return "\n".join([*lines, *_group_lines(sight.groups)])


def _group_lines(views: Iterable[GroupView]) -> list[str]:
    """Return a line for each group, the worst status first."""
    views = sorted(views, key=lambda view: (-view.worst.level, view.group.pk))
    lines = [
        f"- {escape(view.group.name)}: {view.worst.words}{_fix(view)}"
        for view in views[:GROUPS_SHOWN]
    ]
    more = len(views) - GROUPS_SHOWN
    return [*lines, f"and {more} more groups"] if more > 0 else lines


def _fix(view: GroupView) -> str:
    return f" {view.worst.fix}" if view.worst.level == Level.BAD else ""


def _ended_text(sight: WaitingProgress) -> str:
    lines = [f"**Done.** {_figures(sight)}"]
    unfinished = [view for view in sight.groups if view.worst.level > Level.FINE]
    absent = [escape(name) for name in _absent(sight.groups)]
    if absent:
        lines.append(
            f"Not in the server yet: {_list_names(absent)}. They get access when they join."
        )
    return "\n".join([*lines, *_group_lines(unfinished)])


def _figures(sight: WaitingProgress) -> str:
    total, failed = len(sight.groups), len(sight.failed)
    good = sum(view.worst.level <= Level.FINE for view in sight.groups)
    waiting = total - good - failed
    more = f", {waiting} waiting" if waiting else ""
    return f"{total} groups processed: {good} successful, {failed} failed{more}."


def _ended_public_text(sight: WaitingProgress, groups: list[Group]) -> str:
    """Return a post without names of people, since everyone in the channel can read it."""
    address = _url("sync:progress", groups[0].cohort_id)
    return f"Setting up {escape(str(groups[0].cohort))} is finished. {_figures(sight)} {address}"


def _absent(views: Iterable[GroupView]) -> list[str]:
    states = AccessState.objects.filter(
        group__in=[view.group.pk for view in views],
        provider="discord",
        state__in=[AccessState.State.NOT_JOINED, AccessState.State.NO_ADDRESS],
    )
    people = User.objects.filter(pk__in=states.values("user"))
    return sorted(person.display_name for person in people)


def _list_names(names: list[str]) -> str:
    more = len(names) - NAMES_SHOWN
    return ", ".join(names[:NAMES_SHOWN]) + (f" and {more} more" if more > 0 else "")


# -- a request's arguments -----------------------------------------------------------------------


def _join_ids(ids: Iterable[int]) -> str:
    return "-".join(map(str, ids))


def _ids(word: int | str) -> list[int]:
    return [int(part) for part in str(word).split("-") if part.isdecimal()]


def _find_runs(ids: list[int]) -> list[SyncRun]:
    runs = SyncRun.objects.filter(pk__in=ids, mode=SyncRun.Mode.PLAN, as_if_requested=True)
    found = list(runs.order_by("pk"))
    if not found:
        raise Refusal("no_plan", "This preview has expired. Use the command again.")
    return found


def _groups_of(runs: Iterable[SyncRun]) -> list[Group]:
    ids = {pk for run in runs for pk in run.group_ids}
    groups = Group.objects.filter(pk__in=ids).select_related("cohort").order_by("pk")
    if not groups:
        raise Refusal("no_groups", "The groups in this preview no longer exist.")
    return list(groups)


def _page_button(name: str, argument: object) -> Button:
    return Button("Open in browser", url=_url(name, argument))


def _url(name: str, argument: object) -> str:
    return f"{settings.SITE_URL}{reverse(name, args=[argument])}"
