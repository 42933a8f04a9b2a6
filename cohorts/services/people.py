"""Add people, and change their own preferences."""

from datetime import datetime

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from cohorts.activity.recording import one_act, record
from cohorts.errors import Refusal
from cohorts.models import FormerAddress, Group, Membership, User
from cohorts.models.people import normalize_email
from cohorts.services.memberships import add_member
from cohorts.validators import check_zone


@transaction.atomic
def change_zone(user_id: int, zone: str, *, now: datetime) -> None:
    """Store the IANA zone that a person chose for their times.  Raises ValidationError.

    No group is announced: nothing in other systems depends on a person's time zone.
    """
    check_zone(zone)
    before = User.objects.values_list("timezone", flat=True).get(pk=user_id)
    User.objects.filter(pk=user_id).update(timezone=zone, zone_chosen_at=now)
    if before != zone:
        record("zone_changed", by=user_id, person=user_id, changes={"Time zone": [before, zone]})


@transaction.atomic
def add_person(
    name: str, address: str, group_id: int, *, role: str, now: datetime
) -> tuple[Membership, bool]:
    """Add a person to a group; who has no account yet gets one, without a password.

    Someone who has this address, or had it before, is that person and keeps their name.  Returns
    the membership and whether the person is new.  Raises Refusal: bad_person, closed, no_group, and
    those of `add_member`.
    """
    person, is_new = find_person(address), False
    if person is None:
        person, is_new = _create_person(name, address, group_id)
    if not person.is_active:
        raise Refusal("closed", f"The account of {person} is closed. Open it on their page first.")
    with one_act("member_added") as act:
        act.about = made = add_member(group_id, person.pk, role=role, now=now)
        account = "new" if is_new else "known already"
        act.changes = {"Account": ["", account], "Role": ["", made.get_role_display()]}
    return made, is_new


def find_person(address: str) -> User | None:
    """Return the person who has this address or, if no one has, who had it before."""
    email = normalize_email(address)
    former = FormerAddress.objects.filter(email=email).select_related("user").first()
    return User.objects.filter(email=email).first() or (former.user if former else None)


def _create_person(name: str, address: str, group_id: int) -> tuple[User, bool]:
    """Return the person, and whether this call created them: another may have come first."""
    zone = Group.objects.filter(pk=group_id).values_list("timezone", flat=True).first()
    person = User(email=normalize_email(address), name=name.strip(), timezone=zone or "UTC")
    person.set_unusable_password()
    try:
        person.clean_fields(exclude=["password"])
        if not (person.name and person.email):
            raise Refusal("bad_person", "A new person needs a name and an address.")
        with transaction.atomic():
            person.save()
    except ValidationError as error:
        raise Refusal("bad_person", " ".join(error.messages)) from error
    except IntegrityError:
        return User.objects.get(email=person.email), False
    return person, True
