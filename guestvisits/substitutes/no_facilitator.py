"""Groups that no one leads, and meetings within a week that no one leads."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator

from cohorts.models import Group, Membership
from cohorts.needs.addresses import address_of
from cohorts.needs.group_needs import subject_of_group, today_of
from cohorts.needs.items import Need, NeedButton, NeedSubject, is_watched
from cohorts.needs.open_cohorts import DeskMember, OpenCohorts
from cohorts.words import count, join_names
from guestvisits.models import SubstituteOffer
from guestvisits.substitutes.selectors import LED
from guestvisits.substitutes.thin_meetings import read_expected
from meetings.needs.upcoming import DeskAnswer, read_answers
from meetings.plain_meetings import PlainMeeting

NO_FACILITATOR = "no_facilitator"


def find_no_facilitator(facts: OpenCohorts) -> Iterator[Need]:
    found: dict[int, list[NeedSubject]] = defaultdict(list)
    for group in facts.groups.values():
        led = any(member.is_facilitator for member in facts.members_of.get(group.pk, ()))
        if not led and is_watched(facts.cohorts[group.cohort_id].start_date, today_of(facts.now)):
            found[group.cohort_id].append(subject_of_group(group, button=_add_button(group)))
    groups = {cohort_id: len(subjects) for cohort_id, subjects in found.items()}
    for group, meeting, away in _unled_meetings(facts):
        found[group.cohort_id].append(_unled(group, meeting, away))
    for cohort_id, subjects in found.items():
        unled = groups.get(cohort_id, 0)
        numbers = (unled, "group"), (len(subjects) - unled, "meeting")
        what = join_names(count(number, noun) for number, noun in numbers if number)
        yield Need(NO_FACILITATOR, cohort_id, f"No one leads {what}", tuple(subjects))


def _add_button(group: Group) -> NeedButton:
    page = address_of("admin:cohorts_membership_add_person")
    return NeedButton(
        "Add facilitator",
        page,
        ("cohorts.add_membership", "cohorts.add_user"),
        query=f"group={group.pk}&role={Membership.Role.FACILITATOR}",
    )


# -- meetings that no one leads ------------------------------------------------------------------


def _unled_meetings(
    facts: OpenCohorts,
) -> Iterator[tuple[Group, PlainMeeting, list[DeskMember]]]:
    """Yield the meetings of groups with facilitators, and who of them is away."""
    answers, led = facts.read(read_answers), facts.read(read_led)
    for each in facts.read(read_expected):
        meeting, group = each.meeting, facts.groups[each.meeting.group_id]
        leaders = [m for m in facts.members_of.get(group.pk, ()) if m.is_facilitator]
        if leaders and has_no_leader(leaders, answers.get(meeting.id, ()), meeting.id in led):
            yield group, meeting, leaders


def has_no_leader(
    leaders: Collection[DeskMember], answers: Iterable[DeskAnswer], has_substitute: bool
) -> bool:
    """Return whether all facilitators declined and nobody stands in.  Pure."""
    declined = {answer.user_id for answer in answers if answer.has_declined}
    return not has_substitute and all(leader.user_id in declined for leader in leaders)


def read_led(facts: OpenCohorts) -> Collection[int]:
    """Return the meetings ahead that a substitute leads.  One query."""
    led = SubstituteOffer.objects.filter(LED, substitution__meeting__starts_at__gt=facts.now)
    return set(led.values_list("substitution__meeting", flat=True))


def _unled(group: Group, meeting: PlainMeeting, away: Collection[DeskMember]) -> NeedSubject:
    names = join_names(member.name for member in away)
    return NeedSubject(
        f"meeting:{meeting.id}",
        group.name,
        f"{meeting.label}: {names} can’t lead it,",
        meeting.starts_at,
        NeedButton(
            "Find a substitute",
            address_of("admin:guestvisits_find_substitute", meeting.id),
            ("guestvisits.change_substitution",),
        ),
        zone=group.timezone,
    )
