"""The charts of a cohort's page: answers by week, and who has joined the server over time."""

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import date, timedelta, tzinfo

from cohorts.words import abbreviate_date
from discordsync.bot.models import GuildMembership
from discordsync.joining.states import JoinState
from lens.charts.stacked_bars import BarChart, build_bars
from lens.desk.cohort_page.people_tab import PersonRow
from meetings.models import Attendance

Rsvp = Attendance.Rsvp
ANSWERS = {Rsvp.ATTENDING: "Coming", Rsvp.TENTATIVE: "Maybe", Rsvp.NOT_ATTENDING: "Away"}
WEEKS = 10  # the last ones, in the chart of who has joined
NO_ANSWERS = "A chart of the answers appears with the first answer."
NO_JOINS = "A chart of who joins the Discord server over time appears when the first person joins."


def chart_answers(
    meetings: Iterable[tuple[int, int, int]],
    answers: Mapping[tuple[int, str], int],
    members: Mapping[int, int],
) -> BarChart | None:
    """Return the members' answers by week. `meetings`: (id, group id, week) of those that are held,
    `members`: how many people each group has."""
    found: dict[int, Counter[str]] = {}
    for pk, group_id, week in meetings:
        said = {title: answers.get((pk, rsvp), 0) for rsvp, title in ANSWERS.items()}
        silent = max(0, members.get(group_id, 0) - sum(said.values()))
        found.setdefault(week, Counter()).update({**said, "No answer": silent})
    series = [*ANSWERS.values(), "No answer"]
    if not any(found[week][title] for week in found for title in ANSWERS.values()):
        return None
    rows = [(f"Week {week}", [found[week][one] for one in series]) for week in sorted(found)]
    return build_bars("answers", "Members' answers by week", "Week", series, rows)


# -- joining -------------------------------------------------------------------------------------


def read_joined_days(people: Iterable[PersonRow], zone: tzinfo) -> dict[int, date | None]:
    """Return on which day people joined the server, by user id, of those who are in it; None if the
    bot did not see it. One query."""
    inside = {one.member.user_id for one in people if one.joined == JoinState.JOINED.value}
    seen = GuildMembership.objects.filter(user__in=inside).values_list("user", "joined_at")
    days = {user_id: joined_at.astimezone(zone).date() for user_id, joined_at in seen}
    return {user_id: days.get(user_id) for user_id in inside}


def chart_joining(joined: Mapping[int, date | None], people: int, today: date) -> BarChart | None:
    """Return how many of these people were in the server at the end of each week until today.

    Those of whom the bot did not see it count from the first week on.
    """
    days = sorted(day for day in joined.values() if day)
    if not joined:
        return None
    rows = []
    for until in _week_ends(days[0] if days else today, today):
        inside = len(joined) - sum(day > until for day in days)
        rows.append((abbreviate_date(until), [inside, people - inside]))
    series = ["In the Discord server", "Not in it"]
    return build_bars("joining", "Who has joined, at the end of each week", "Until", series, rows)


def _week_ends(first: date, today: date) -> list[date]:
    """Return the Sundays from the week of `first` on, the last ten, and today."""
    sunday = first + timedelta(days=6 - first.weekday())
    ends = []
    while sunday < today:
        ends.append(sunday)
        sunday += timedelta(days=7)
    return [*ends[-WEEKS:], today]
