"""What the previews promise that are about people: moving them, letters, visits, substitutes, and
a file."""

from __future__ import annotations

from collections import Counter

from django.db import transaction
from hypothesis import strategies as st

from cohorts.errors import Refusal
from cohorts.models import Group, Membership
from cohorts.outbox.models import Message
from cohorts.roster.changes import Joining
from cohorts.roster.importing import import_roster, preview_roster
from cohorts.services.memberships import move_members
from guestvisits.admin.this_week import list_free
from guestvisits.joining.effects import find_effects
from guestvisits.models import GuestVisit, Substitution
from guestvisits.services.alternatives import find_alternatives
from guestvisits.services.booking import book_visit, book_visit_for
from guestvisits.substitutes.services import name_substitute, request_substitute
from meetings.models import Meeting
from meetings.writing.audience import AudienceKind, choose_members
from meetings.writing.letter_preview import read_preview
from meetings.writing.posting import post_letter
from tests.lens.forecasts.promises import promise
from tests.lens.forecasts.world import MEMBERS, World, members, names, open_visits, spans
from tests.support.roster import make_file, make_line


@promise("people: move to another group")
def move_people(world: World) -> bool:
    """Visits that are named end, or are in place of the new group's meeting; the others stay."""
    group = world.group()
    rows = Membership.objects.filter(status="active", role="participant").exclude(group=group)
    people = st.sampled_from(list(rows.order_by("pk")))
    chosen = world.draw(st.lists(people, min_size=1, max_size=3, unique=True))
    effects = list(find_effects(chosen, group, world.now))
    before, visits, held = members(), open_visits(world.now), spans()
    made = world.attempt(move_members, [one.pk for one in chosen], group.pk, now=world.now)
    if made is None:
        return False
    world.update()
    after = members()
    assert before.keys() - after.keys() == {one.pk for one in chosen}
    joined = sorted((one.user_id, group.pk, one.role) for one in chosen)
    assert sorted(row for pk, row in after.items() if pk not in before) == joined
    assert spans() == held

    ended = GuestVisit.objects.filter(pk__in=visits.keys() - open_visits(world.now).keys())
    moved = [pk for pk, row in open_visits(world.now).items() if row[0] != visits[pk][0]]
    stays = [one for one in effects if "in place of the new group's" in one]
    assert _guests(one for one in effects if one not in stays) == _names_of(ended), effects
    assert _guests(stays) == _names_of(GuestVisit.objects.filter(pk__in=moved)), effects
    return True


def _guests(sentences) -> list[str]:
    """Return whose visits these sentences are about: "Ann's visit to …"."""
    return sorted(sentence.partition("'s visit")[0] for sentence in sentences)


def _names_of(visits) -> list[str]:
    return sorted(visit.user.name for visit in visits.select_related("user"))


@promise("people: letter of staff")
def write_to_people(world: World) -> bool:
    """Each reader who is listed gets the letter once, by the route that is listed."""
    draw, cohort = world.draw, world.academy.cohort
    kind = draw(st.sampled_from(list(AudienceKind)))
    ids = {
        AudienceKind.GROUPS: [world.group().pk],
        AudienceKind.PEOPLE: [world.people[draw(st.sampled_from(sorted(MEMBERS)))].pk],
    }
    chosen = choose_members(cohort.pk, kind, ids.get(kind, ()))
    preview = world.attempt(read_preview, "News\nHello {name}", chosen, world.now)
    if preview is None:
        return False
    listed = sorted((one.id, one.channel) for one in preview.readers)
    post_letter(
        cohort,
        chosen,
        letter=preview.letter,
        letter_id="letter",
        audience="",
        seen=preview.digest,
        seen_readers=frozenset(one.id for one in preview.readers),
        sender=world.people["Fay"],
        now=world.now,
    )
    stored = Message.objects.filter(key__contains="letter:letter:")
    assert sorted(stored.values_list("user", "channel")) == listed
    return True


@promise("people: book a visit")
def book(world: World) -> bool:
    """What can be chosen can be booked; for the rest, the reason that is listed is the refusal."""
    person = world.people[world.draw(st.sampled_from(sorted(MEMBERS)))]
    home = world.meeting()
    found = world.attempt(find_alternatives, person.pk, home.pk, world.now)
    if found is None:
        return False
    for option in found.options:
        ids = {"home_meeting_id": home.pk, "host_meeting_id": option.meeting.pk}
        expected = option.refusal and option.refusal.code
        assert _refused(book_visit, person.pk, **ids, now=world.now) == expected
        by = {"by": world.people["Fay"].pk, "why": "agreed"}
        refused = _refused(book_visit_for, person.pk, **ids, **by, now=world.now)
        assert expected or refused is None, "staff may do what the person may"
    return bool(found.options)


def _refused(service, *args, **kwargs) -> str | None:
    """Return the code with which a service refuses, and undo what it does otherwise."""
    try:
        with transaction.atomic():
            service(*args, **kwargs)
            transaction.set_rollback(True)
    except Refusal as refusal:
        return refusal.code
    return None


@promise("people: name a substitute")
def find_a_substitute(world: World) -> bool:
    """Those who are offered can be named, and no one else can."""
    ahead = Meeting.objects.filter(group=world.academy.groups["A"], starts_at__gt=world.now)
    for meeting in ahead:
        fay = world.people["Fay"].pk
        world.attempt(request_substitute, meeting.pk, fay, now=world.now)
    rows = Substitution.objects.filter(ended_at__isnull=True, meeting__starts_at__gt=world.now)
    row = rows.select_related("meeting__group").first()
    if row is None:
        return False
    offered = {user for user, _ in list_free(row.meeting, world.now)}
    by = world.people["Fay"].pk
    for name, person in world.people.items():
        refused = _refused(name_substitute, row.pk, person.pk, by=by, now=world.now)
        assert (refused is None) == (person.pk in offered), (name, refused)
    return True


@promise("people: import a roster")
def bring_in(world: World) -> bool:
    """The numbers of changes, and each group with its people, are as the preview says."""
    cohort = world.academy.cohort
    common = {
        "course": cohort.course.name,
        "cohort": cohort.name,
        "start_date": str(cohort.start_date),
        "number_of_meetings": str(cohort.number_of_meetings),
        "slot": "",
        "timezone": "",
    }
    lines = [
        make_line(name, at, **common, group=f"Group {group}", email=email)
        for at, name in enumerate([*MEMBERS, "New", "Newer"])
        if (group := world.draw(st.sampled_from("ABCD")))
        and (email := f"{name}@example.org")
        and world.draw(st.integers(0, 3))
    ]
    data = make_file(*lines).encode()
    shown = preview_roster(data)
    if shown.problems or not lines:
        return False
    before, held = members(), spans()
    done = import_roster(data, now=world.now, confirmed=shown.digest)
    assert done == shown
    after, moves = members(), [one for one in shown.memberships if isinstance(one, Joining)]
    new = {pk: row for pk, row in after.items() if pk not in before}
    gone = before.keys() - after.keys()
    assert len(new) == len(moves)
    assert gone == {one.leaving.membership_id for one in moves if one.leaving}
    for group in shown.groups_after:
        row = Group.objects.get(cohort=cohort, name=group.name)
        roles = Counter(role for _, place, role in after.values() if place == row.pk)
        assert (roles["participant"], roles["facilitator"]) == (
            group.participants,
            len(group.facilitators),
        )
    assert {pk: span for pk, span in spans().items() if pk in held} == held
    assert names(user for user, _, _ in new.values()) == sorted({one.name for one in moves})
    return bool(moves)
