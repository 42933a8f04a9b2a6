"""People who get no invitation: Google refuses it, or they declined the whole series."""

from collections import defaultdict
from collections.abc import Collection, Iterator

from calendarsync.selectors import PROVIDER, series_answers
from cohorts.models import AccessState
from cohorts.needs.addresses import address_of
from cohorts.needs.items import Need, NeedButton, NeedSubject
from cohorts.needs.open_cohorts import DeskMember, OpenCohorts, read_access
from cohorts.words import count_people

NOT_INVITED = "not_invited"
REFUSED = AccessState.State.FAILED
DECLINED = "declined all meetings in Google Calendar"


def find_not_invited(facts: OpenCohorts) -> Iterator[Need]:
    found: dict[int, dict[str, NeedSubject]] = defaultdict(dict)
    for member, why in _list_reasons(facts):
        subject = _subject(facts, member, why)
        found[member.cohort_id][subject.key] = subject
    for cohort_id, people in found.items():
        are = "is" if len(people) == 1 else "are"
        yield Need(
            NOT_INVITED,
            cohort_id,
            f"{count_people(len(people))} {are} not invited in Google Calendar",
            tuple(people.values()),
            follows_from=frozenset({PROVIDER, "worker"}),
        )


def _list_reasons(facts: OpenCohorts) -> Iterator[tuple[DeskMember, str]]:
    refused = {
        (row.user_id, row.group_id): row.reason or "the invitation was refused"
        for row in facts.read(read_access)
        if row.provider == PROVIDER and row.state == REFUSED
    }
    declined = facts.read(read_declined)
    for member in facts.members:
        if why := refused.get((member.user_id, member.group_id)):
            yield member, why
        elif (member.group_id, member.email.lower()) in declined:
            yield member, DECLINED


def read_declined(facts: OpenCohorts) -> set[tuple[int, str]]:
    return find_declined(facts.groups)


def find_declined(group_ids: Collection[int]) -> set[tuple[int, str]]:
    """Return (group id, address) for people who declined their group's series, as last read.

    An answer to one meeting concerns only that meeting.  At most three queries.
    """
    answers = series_answers(group_ids, containing='"declined"')
    return {key for key, answer in answers.items() if answer == "declined"}


def _subject(facts: OpenCohorts, member: DeskMember, why: str) -> NeedSubject:
    page = address_of("admin:person", member.user_id)
    group = facts.groups[member.group_id]
    return NeedSubject(
        f"user:{member.user_id}:{member.group_id}",
        member.name,
        f"{group}: {why}",
        button=NeedButton("Open person", page, ("cohorts.view_user",)),
    )
