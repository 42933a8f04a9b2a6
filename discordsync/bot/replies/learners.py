"""Answers to learners: their meetings, alternatives to a meeting, and booking one.

They use the same services as the pages, with the same refusals: a Refusal's sentence is the answer.
Repeating a request gives the same answer and does nothing twice.
"""

from datetime import UTC, datetime

from django.conf import settings
from django.urls import reverse

from cohorts.errors import Refusal
from cohorts.models import User
from discordsync.bot.replies.bot_answer import BotAnswer, Button, ButtonStyle
from discordsync.bot.replies.requests import BotRequest
from discordsync.bot.replies.times import format_day, format_span, format_start, format_zone
from discordsync.delivery.discord_text import escape
from guestvisits.models import GuestVisit
from guestvisits.pages.agenda import Agenda, AgendaEntry, Upcoming, read_agenda
from guestvisits.pages.my_meetings import read_my_meetings
from guestvisits.services.alternatives import Alternative, Alternatives, find_alternatives
from guestvisits.services.booking import book_visit
from guestvisits.services.cancelling import cancel_visit
from guestvisits.windows import window_of, with_dates
from meetings.models import Attendance, Meeting

LATEST = int(datetime.max.replace(microsecond=0, tzinfo=UTC).timestamp())  # a button can be forged
MEETINGS_SHOWN = 8
BUTTONS_SHOWN = 5  # below the list: one row
OPTIONS_SHOWN = 20
MAKE_UPS_SHOWN = 2  # with 20 options and three other buttons; Discord allows 25

ANSWERS = {
    Attendance.Rsvp.PENDING: "you have not answered yet",
    Attendance.Rsvp.ATTENDING: "you're coming",
    Attendance.Rsvp.NOT_ATTENDING: "you can't come",
    Attendance.Rsvp.TENTATIVE: "you might come",
}


def my_meetings(person: User, now: datetime) -> BotAnswer:
    agenda = read_my_meetings(person.pk, now).agenda
    led = [row.status.meeting for row in agenda.led if row.status.meeting.ends_at > now]
    if not (agenda.entries or agenda.upcoming or led):
        return BotAnswer(agenda.why_empty, (page_button("my-meetings"),))
    lines = [f"**Your next meetings** (times in {format_zone(person)})"]
    lines += [_entry_line(entry, person) for entry in agenda.entries[:MEETINGS_SHOWN]]
    if agenda.upcoming:
        lines += ["**Your visits**", *(_visit_line(row, person) for row in agenda.upcoming)]
    lines += [f"- {_name(meeting, person)}, which you lead as the substitute" for meeting in led]
    return BotAnswer("\n".join(lines), _agenda_buttons(agenda, person))


def cannot_attend(person: User, now: datetime) -> BotAnswer:
    """Return alternatives to the next meeting, and buttons for other meetings.

    Those include past meetings that can still be made up.
    """
    agenda = read_agenda(person.pk, now)
    ahead = _askable(agenda, now)
    if not ahead:
        return _choose(agenda, person, now) if agenda.make_ups else my_meetings(person, now)
    answer = alternatives(person, ahead[0].mine.meeting.pk, now)
    shown = agenda.make_ups[:MAKE_UPS_SHOWN]
    has_more = len(ahead) > 1 or len(agenda.make_ups) > len(shown)
    more = (Button("Another meeting", BotRequest("choose")),) if has_more else ()
    text = "\n".join([answer.text, *(_make_up_line(meeting, person) for meeting in shown)])
    make_ups = (_make_up_button(meeting, person) for meeting in shown)
    return BotAnswer(text, (*answer.buttons, *more, *make_ups))


def choose(person: User, now: datetime) -> BotAnswer:
    """Ask which meeting the person cannot attend, or missed."""
    return _choose(read_agenda(person.pk, now), person, now)


def _choose(agenda: Agenda, person: User, now: datetime) -> BotAnswer:
    ahead = _askable(agenda, now)
    if not (ahead or agenda.make_ups):
        return my_meetings(person, now)
    buttons = [_cannot_button(entry, person) for entry in ahead]
    make_ups = [_make_up_button(meeting, person) for meeting in agenda.make_ups]
    room = OPTIONS_SHOWN - min(len(make_ups), BUTTONS_SHOWN)
    which = "Which meeting can't you attend?" if ahead else "Which meeting did you miss?"
    lines = [f"{which} Times in {format_zone(person)}."]
    lines += [_make_up_line(meeting, person) for meeting in agenda.make_ups[:BUTTONS_SHOWN]]
    shown = (*buttons[:room], *make_ups[:BUTTONS_SHOWN])
    return BotAnswer("\n".join(lines), (*shown, page_button("my-meetings")))


def alternatives(person: User, meeting_id: int, now: datetime) -> BotAnswer:
    """Return the open meetings of the same week, each with a button that books it."""
    found = find_alternatives(person.pk, meeting_id, now)
    return BotAnswer(options_text(found, person), option_buttons(found, person))


def option_buttons(found: Alternatives, person: User) -> tuple[Button, ...]:
    home = found.home.pk
    if found.refusal:
        return (page_button("my-meetings"),)
    say_no = Button("Just say that I can't", BotRequest("say", (home, "no")))
    return (
        *(_book_button(option, home, person) for option in found.open[:OPTIONS_SHOWN]),
        *(() if found.home_has_begun else (say_no,)),
        page_button("alternatives", home),
    )


def book(person: User, home_id: int, host_id: int, start: int, now: datetime) -> BotAnswer:
    """Book a visit; `start`: the host meeting's start as the button showed it, a Unix time."""
    try:
        visit = book_visit(
            person.pk,
            home_meeting_id=home_id,
            host_meeting_id=host_id,
            shown_start=datetime.fromtimestamp(min(start, LATEST), UTC),
            now=now,
        )
    except Refusal as refusal:
        # A repeated press, perhaps after a restart: the visit was booked, so confirm it.
        booked = find_open_visit(person, home_meeting=home_id, host_meeting=host_id)
        if refusal.code != "already_visiting" or booked is None:
            options = Button("Show other meetings", BotRequest("cannot", (home_id,)))
            return BotAnswer(refusal.sentence, (options,))
        visit = booked
    return BotAnswer(
        _booked_text(visit, person), (cancel_button(visit), page_button("my-meetings"))
    )


def cancel(person: User, host_id: int, now: datetime) -> BotAnswer:
    visit = cancel_visit(person.pk, host_meeting_id=host_id, now=now)
    text = f"Your visit to {escape(visit.host_meeting.group.name)} is cancelled."
    return BotAnswer(text, (page_button("my-meetings"),))


# -- buttons -------------------------------------------------------------------------------------


def page_button(name: str, *args: int) -> Button:
    """Return a link to the page that shows the same, and more."""
    return Button("Open in browser", url=f"{settings.SITE_URL}{reverse(name, args=args)}")


def _agenda_buttons(agenda: Agenda, person: User) -> tuple[Button, ...]:
    away = [entry for entry in agenda.entries if may_ask(entry)][:BUTTONS_SHOWN]
    visits = [row.mine.visit for row in agenda.upcoming if row.mine.can_cancel][:BUTTONS_SHOWN]
    led = [entry for entry in agenda.entries if _may_ask_substitute(entry)][:BUTTONS_SHOWN]
    return (
        *(_cannot_button(entry, person) for entry in away),
        *(_cannot_lead_button(entry, person) for entry in led),
        *(cancel_button(visit) for visit in visits),
        page_button("my-meetings"),
    )


def _cannot_button(entry: AgendaEntry, person: User) -> Button:
    return _meeting_button("I can't", "cannot", entry.mine.meeting, person)


def _cannot_lead_button(entry: AgendaEntry, person: User) -> Button:
    return _meeting_button("I can't lead", "substitute", entry.mine.meeting, person)


def _make_up_button(meeting: Meeting, person: User) -> Button:
    return _meeting_button("Make up", "cannot", meeting, person)


def _meeting_button(what: str, request: str, meeting: Meeting, person: User) -> Button:
    label = f"{what}: {format_start(meeting, person)} · {meeting.group}"
    return Button(label, BotRequest(request, (meeting.pk,)))


def cancel_button(visit: GuestVisit) -> Button:
    label = f"Cancel visit to {visit.host_meeting.group}"
    return Button(label, BotRequest("cancel", (visit.host_meeting_id,)), style=ButtonStyle.GRAVE)


def _book_button(option: Alternative, home_id: int, person: User) -> Button:
    label = f"{format_start(option.meeting, person)} · {option.meeting.group}"
    start = int(option.meeting.starts_at.timestamp())
    request = BotRequest("book", (home_id, option.meeting.pk, start))
    return Button(label, request, style=ButtonStyle.MAIN)


# -- texts ---------------------------------------------------------------------------------------


def may_ask(entry: AgendaEntry) -> bool:
    return entry.may_ask and not entry.mine.meeting.is_cancelled


def _may_ask_substitute(entry: AgendaEntry) -> bool:
    is_held = not (entry.has_begun or entry.mine.meeting.is_cancelled)
    return entry.mine.is_facilitator and is_held


def _askable(agenda: Agenda, now: datetime) -> list[AgendaEntry]:
    """Return the future meetings for which there may be alternatives."""
    ahead = [entry for entry in agenda.entries if entry.mine.meeting.starts_at > now]
    return [entry for entry in ahead if may_ask(entry)]


def _entry_line(entry: AgendaEntry, person: User) -> str:
    meeting = entry.mine.meeting
    return f"- {_name(meeting, person)}: {_entry_state(entry, person)}"


def _entry_state(entry: AgendaEntry, person: User) -> str:
    if entry.mine.meeting.is_cancelled:
        return "cancelled"
    if entry.visit:
        host = entry.visit.visit.host_meeting
        return f"you're visiting {escape(host.group.name)} instead, {format_start(host, person)}"
    return ANSWERS[Attendance.Rsvp(entry.mine.rsvp)]


def _visit_line(row: Upcoming, person: User) -> str:
    return f"- {_name(row.mine.visit.host_meeting, person)}, as a guest"


def _name(meeting: Meeting, person: User) -> str:
    group = escape(meeting.group.name)
    return f"{format_span(meeting, person)}, {group}, {meeting.label}"


def options_text(found: Alternatives, person: User) -> str:
    home = f"Instead of {_name(found.home, person)} (times in {format_zone(person)})"
    if found.refusal:
        return f"{home}: {found.refusal.sentence}"
    if not found.open:
        return f"{home}: no other group has an open meeting this week."
    lines = [f"{home}, you can join:"]
    lines += [_option_line(option, person) for option in found.open[:OPTIONS_SHOWN]]
    if len(found.open) > OPTIONS_SHOWN:
        lines.append(f"and {len(found.open) - OPTIONS_SHOWN} more in your browser.")
    booked = "Choose a meeting to book a visit."
    if not found.home_has_begun:
        booked += " Your own group will see that you are away."
    return "\n".join([*lines, booked])


def _make_up_line(meeting: Meeting, person: User) -> str:
    return f"Missed {_name(meeting, person)}? You can still join another group's meeting."


def _option_line(option: Alternative, person: User) -> str:
    led = " and ".join(escape(name) for name in option.facilitators)
    seats = "" if option.seats_left is None else f", {option.seats_left} seats left"
    return (
        f"- {format_span(option.meeting, person)}, {escape(option.meeting.group.name)}"
        f"{f' with {led}' if led else ''}{seats}{_overlap_text(option)}"
    )


def _overlap_text(option: Alternative) -> str:
    names = [f"{escape(other.group.name)}, {other.label}" for other in option.overlaps]
    return f" (at the same time as {' and '.join(names)})" if names else ""


def _booked_text(visit: GuestVisit, person: User) -> str:
    host = visit.host_meeting
    begins = window_of(visit).begins_at
    when = "in a moment" if begins <= visit.booked_at else f"on {format_day(begins, person)}"
    is_ahead = visit.home_meeting.starts_at > visit.booked_at
    notice = "Your own group will see that you are away. " if is_ahead else ""
    return (
        f"Booked: you're visiting {escape(host.group.name)}, {format_span(host, person)} "
        f"({format_zone(person)}). {notice}You get access to the group's channels {when}."
    )


def find_open_visit(person: User, **which: int) -> GuestVisit | None:
    """Return the person's open visit with this `home_meeting` or `host_meeting`."""
    visits = GuestVisit.objects.filter(user=person, ended_at__isnull=True, **which)
    return with_dates(visits).select_related("home_meeting").first()
