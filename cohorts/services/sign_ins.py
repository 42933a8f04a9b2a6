"""Handle Discord sign-ins: link accounts to people and store their Discord profiles."""

from collections.abc import Collection
from datetime import datetime

from django.db import IntegrityError, transaction
from django.db.models.functions import Lower

from cohorts.activity.recording import record
from cohorts.errors import Refusal
from cohorts.models import AccessException, FormerAddress, Membership, RefusedSignIn, User
from cohorts.services.account_matching import (
    AccountMatch,
    Candidate,
    DiscordProfile,
    MatchOutcome,
    is_new_address,
    match_account,
)
from cohorts.services.locks import lock_groups, lock_people
from cohorts.signals import announced_together

TRIES = 3  # another transaction may write the same id or address, or delete the person


def match_sign_in(profile: DiscordProfile, *, now: datetime) -> AccountMatch:
    """Match the profile to a person, link the account and store the profile.

    A sign-in that is not let in stores nothing, except a RefusedSignIn that only staff can resolve.
    """
    for _ in range(TRIES - 1):
        try:
            return _match_once(profile, now)
        except (IntegrityError, Refusal):
            continue
    return _match_once(profile, now)


@transaction.atomic
def _match_once(profile: DiscordProfile, now: datetime) -> AccountMatch:
    people = _lock_candidates(profile)
    by_id = [one for one in people if one.discord_id == profile.discord_id]
    by_email = [one for one in people if (one.email or "").lower() == profile.email]
    found = match_account(
        profile,
        _candidate(by_id[0]) if by_id else None,
        [_candidate(one) for one in by_email] if profile.email else [],
    )
    if found.outcome.concerns_staff:
        _report_to_staff(RefusedSignIn.Code(found.outcome), profile, found.person_id, now)
    if found.outcome.lets_in:
        _resolve(profile, RefusedSignIn.Code.AMBIGUOUS, RefusedSignIn.Code.OTHER_ACCOUNT)
        person = next(one for one in people if one.pk == found.person_id)
        with announced_together():
            if found.outcome is MatchOutcome.LINK:
                link_account(person, profile)
            store_profile(person, profile, now=now)
    return found


def _lock_candidates(profile: DiscordProfile) -> Collection[User]:
    """Lock everyone who has this Discord id or address, after their groups, and return them."""
    ids = set(User.objects.filter(discord_id=profile.discord_id).values_list("pk", flat=True))
    if profile.email:
        ids |= set(_people_at(profile.email))
    groups = set(Membership.objects.filter(user__in=ids).values_list("group_id", flat=True))
    groups |= set(AccessException.objects.filter(user__in=ids).values_list("group_id", flat=True))
    lock_groups(groups)
    return lock_people(ids).values()


def _people_at(email: str) -> Collection[int]:
    """Return the ids of the people with this address; plain SQL may have stored capital letters."""
    return (
        User.objects.alias(address=Lower("email"))
        .filter(address=email)
        .values_list("pk", flat=True)
    )


def _candidate(person: User) -> Candidate:
    return Candidate(person.pk, person.discord_id, person.is_active)


def link_account(person: User, profile: DiscordProfile) -> None:
    """Link this Discord account to the person.  The caller holds the person's lock."""
    person.discord_id = profile.discord_id
    person.save(update_fields=["discord_id"])
    record("discord_linked", by=person, person=person)


def store_profile(person: User, profile: DiscordProfile, *, now: datetime) -> None:
    """Store the Discord profile; an existing name or nickname is kept.

    The caller holds the person's lock.  Only a changed address is announced: nothing in other
    systems depends on the rest.
    """
    shown = {"discord_name": profile.name, "discord_avatar": profile.avatar}
    if not person.name:
        shown["name"] = profile.name
    is_new = is_new_address(
        profile,
        person.discord_email,
        person.email,
        is_staff=person.is_privileged,
    )
    if is_new and any(pk != person.pk for pk in _people_at(profile.email)):
        _report_to_staff(RefusedSignIn.Code.ADDRESS_TAKEN, profile, person.pk, now)
    else:
        _resolve(profile, RefusedSignIn.Code.ADDRESS_TAKEN)
        if is_new:
            change_address(person, profile.email, now=now)
    if profile.email and person.email == profile.email:
        shown["discord_email"] = profile.email
    changed = {name: text for name, text in shown.items() if getattr(person, name) != text}
    if changed:
        User.objects.filter(pk=person.pk).update(**changed)


def change_address(person: User, email: str, *, now: datetime) -> None:
    """Change the person's address and remember the old one.

    The caller holds the person's lock, and has checked that no one else has the address.
    """
    record("address_changed", by=person, person=person, changes={"E-mail": [person.email, email]})
    FormerAddress.objects.filter(email=email).delete()
    if person.email:
        FormerAddress.objects.update_or_create(
            email=person.email, defaults={"user": person, "until": now}
        )
    person.email = email
    person.save(update_fields=["email"])


def _report_to_staff(
    code: RefusedSignIn.Code, profile: DiscordProfile, person_id: int | None, now: datetime
) -> None:
    values = {
        "user_id": person_id,
        "discord_name": profile.name,
        "email": profile.email,
        "last_at": now,
    }
    RefusedSignIn.objects.update_or_create(
        discord_id=profile.discord_id,
        code=code,
        defaults=values,
        create_defaults={**values, "first_at": now},
    )


def _resolve(profile: DiscordProfile, *codes: RefusedSignIn.Code) -> None:
    """Delete the records of these contradictions, which are resolved."""
    RefusedSignIn.objects.filter(discord_id=profile.discord_id, code__in=codes).delete()
