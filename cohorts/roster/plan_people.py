"""Plan a roster's changes to people.

Many people edit such a file, so an import must not take over an account.  A line that would is an
error:

    the person                  name        Discord id
    --------------------------  ----------  --------------------------
    is staff                    unchanged   unchanged
    has signed in at any time   changed     unchanged, even if missing
    has never signed in         changed     changed or set

An address is never changed: it identifies the person.
"""

from collections.abc import Collection, Iterable, Mapping

from cohorts.models import User
from cohorts.roster.agreement import agreed_value, by_key, first_with, is_unclear
from cohorts.roster.changes import ChangedPerson, FieldChange, NewPerson
from cohorts.roster.facts import RosterFacts
from cohorts.roster.file.rows import GroupKey, RosterRow
from cohorts.roster.plan_courses import NamedGroup
from cohorts.roster.problems import Problem

Groups = Mapping[GroupKey, NamedGroup]


def plan_people(
    lines: Iterable[RosterRow], facts: RosterFacts, groups: Groups, problems: list[Problem]
) -> list[NewPerson | ChangedPerson]:
    changes: list[NewPerson | ChangedPerson] = []
    known = {person.email: person for person in facts.people if person.email}
    by_email = by_key(lines, lambda line: line.email)
    _check_discord_ids(by_email, facts, problems)
    for email, spoken in by_email.items():
        name = agreed_value(spoken, "name", email, problems)
        discord_id = agreed_value(spoken, "discord_id", email, problems)
        if email in known:
            _check_account(known[email], spoken, problems)
            changes += _change_person(known[email], email, name, discord_id)
        elif email in facts.former:
            problems.append(_outdated(spoken[0], email, facts.former[email]))
        elif name:
            changes.append(NewPerson(email, name, discord_id, _zone_of(spoken, groups)))
        elif not is_unclear(spoken, "name"):
            problems.append(Problem(spoken[0].number, "name", "A new person needs a name."))
    return changes


def _outdated(line: RosterRow, email: str, person: User) -> Problem:
    """Report a former address; otherwise the import would create the person a second time."""
    now = f"whose address is {person.email} now" if person.email else "who has no address now"
    return Problem(
        line.number,
        "email",
        f"{email} was the address of {person.name}, {now}. Enter the current address.",
    )


def _check_account(person: User, lines: Iterable[RosterRow], problems: list[Problem]) -> None:
    is_staff = person.is_privileged
    # Each sign-in sets `last_login`; an unfinished one with Discord sets only `discord_email`.
    has_account = is_staff or person.last_login or person.discord_email
    for line in lines:
        # A changed Discord id could give someone else access to the account.
        if line.discord_id not in (None, person.discord_id) and has_account:
            problems.append(Problem(line.number, "discord_id", _keep_id(person)))
        if line.name and line.name != person.name and is_staff:
            sentence = (
                f"{person.email} is a staff account with the name {person.name}. A roster cannot "
                "change staff accounts: enter that name or leave this cell empty."
            )
            problems.append(Problem(line.number, "name", sentence))


def _keep_id(person: User) -> str:
    why = "is a staff account" if person.is_privileged else "has signed in before"
    held = f"the Discord ID {person.discord_id}" if person.discord_id else "no Discord ID"
    return (
        f"{person.email} {why} and has {held}. A roster cannot change that: leave this cell "
        "empty. You can change it on the person's page."
    )


def _change_person(
    person: User, email: str, name: str | None, discord_id: int | None
) -> list[NewPerson | ChangedPerson]:
    edits = []
    if name and name != person.name:
        edits.append(FieldChange("name", "name", person.name or None, name))
    if discord_id and discord_id != person.discord_id:
        edits.append(FieldChange("discord_id", "Discord ID", person.discord_id, discord_id))
    return [ChangedPerson(person.pk, email, tuple(edits))] if edits else []


def _zone_of(lines: Iterable[RosterRow], groups: Groups) -> str:
    """Return the zone for a new person: the first group's, as a guess that the person can
    change."""
    named = by_key(lines, lambda line: line.group_key)
    return next((groups[key].timezone for key in named), "UTC")


def _check_discord_ids(
    by_email: Mapping[str, Collection[RosterRow]], facts: RosterFacts, problems: list[Problem]
) -> None:
    """Report Discord ids that belong to another person, in the database or in the file."""
    owners = {person.discord_id: person for person in facts.people if person.discord_id}
    claimed: dict[int, RosterRow] = {}
    for email, spoken in by_email.items():
        line = first_with(spoken, "discord_id")
        if line is None or line.discord_id is None:
            continue
        owner, first = owners.get(line.discord_id), claimed.setdefault(line.discord_id, line)
        if owner and owner.email != email:
            who = owner.email or owner.name
            sentence = f"{line.discord_id} is the Discord ID of another person, {who}."
            problems.append(Problem(line.number, "discord_id", sentence))
        elif first is not line:
            sentence = f"{line.discord_id} is {first.email}'s Discord ID on line {first.number}."
            problems.append(Problem(line.number, "discord_id", sentence))
