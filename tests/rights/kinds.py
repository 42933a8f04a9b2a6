"""The eleven kinds of people of the permission table, seen from group B.

`single` is a member of staff with exactly one permission; the table tries each of them.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta

from django.contrib.auth.models import Permission

from cohorts.models import Membership, User
from guestvisits.models import GuestVisit, SubstituteOffer, Substitution
from guestvisits.services.booking import book_visit
from meetings.models import Meeting
from tests.support.academy import Academy

ANONYMOUS = "signed out"
LEARNER = "learner of the group"
OTHER_LEARNER = "learner of another group"
FACILITATOR = "facilitator of the group"
OTHER_FACILITATOR = "facilitator of another group"
FORMER = "former member"
GUEST = "guest"
STAFF = "staff without permissions"
VIEWERS = "view-only staff"
SINGLE = "staff with one permission"
SUPERUSER = "superuser"

OUTSIDE_STAFF = (
    ANONYMOUS, LEARNER, OTHER_LEARNER, FACILITATOR, OTHER_FACILITATOR, FORMER, GUEST
)  # fmt: skip
STAFF_KINDS = (STAFF, VIEWERS, SINGLE, SUPERUSER)
SIGNED_IN = (*OUTSIDE_STAFF[1:], *STAFF_KINDS)
EVERYONE = (ANONYMOUS, *SIGNED_IN)


@dataclass
class World:
    """Group B with its people, a visit to its first meeting, a search for someone to lead the
    second, and a fourth that is being held."""

    academy: Academy
    visit: GuestVisit
    held: Meeting
    substitution: Substitution
    people: dict[str, User]

    def set_permissions(self, person: User, names: Iterable[str]) -> User:
        """Give a person exactly these permissions ("app.codename")."""
        wanted = set(names)
        rows = Permission.objects.select_related("content_type")
        found = [each for each in rows if name_of(each) in wanted]
        assert len(found) == len(wanted), f"unknown permissions in {wanted}"
        person.user_permissions.set(found)
        return person


def make_world(academy: Academy) -> World:
    add, now = academy.add_person, academy.now
    guest = academy.add_member("Gina", "A")
    former = academy.add_member("Fred", "B")
    Membership.objects.filter(user=former).update(
        status=Membership.Status.REMOVED, left_at=now - timedelta(hours=1)
    )
    people = {
        LEARNER: academy.add_member("Lena", "B"),
        OTHER_LEARNER: academy.add_member("Otto", "C"),
        FACILITATOR: academy.add_facilitator("Fay", "B"),
        OTHER_FACILITATOR: academy.add_facilitator("Olaf", "C"),
        FORMER: former,
        GUEST: guest,
        STAFF: add("Stella", is_staff=True),
        VIEWERS: add("Vera", is_staff=True),
        SINGLE: add("Simon", is_staff=True),
        SUPERUSER: add("Sue", is_staff=True, is_superuser=True),
    }
    visit = book_visit(
        guest.pk,
        home_meeting_id=academy.meeting("A").pk,
        host_meeting_id=academy.meeting("B").pk,
        now=now,
    )
    held = academy.meeting("B", 4)
    Meeting.objects.filter(pk=held.pk).update(starts_at=now - timedelta(minutes=10))
    world = World(academy, visit, held, ask_for_substitute(academy, people), people)
    world.set_permissions(people[VIEWERS], names_of_permissions("view_"))
    return world


def ask_for_substitute(academy: Academy, people: dict[str, User]) -> Substitution:
    meeting = academy.meeting("B", 2)
    made = Substitution.objects.create(
        meeting=meeting, away=people[FACILITATOR], chosen_start=meeting.starts_at
    )
    SubstituteOffer.objects.create(substitution=made, user=people[OTHER_FACILITATOR])
    return made


def name_of(permission: Permission) -> str:
    return f"{permission.content_type.app_label}.{permission.codename}"


def names_of_permissions(prefix: str = "") -> list[str]:
    rows = Permission.objects.select_related("content_type").order_by("pk")
    return [name_of(row) for row in rows if row.codename.startswith(prefix)]


def implied_by(names: Iterable[str]) -> set[str]:
    """As in the admin: whoever may change something may view it."""
    return {*names, *(name.replace(".change_", ".view_") for name in names)}
