"""People whom no e-mail reaches: they have no address, or the mail server rejects it."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta

from django.db.models import Exists, F, OuterRef, Q, QuerySet

from cohorts.needs.addresses import address_of
from cohorts.needs.items import Need, NeedButton, NeedSubject
from cohorts.needs.open_cohorts import OpenCohorts
from cohorts.outbox.models import Message
from cohorts.words import count_people

NO_MAIL = "no_mail"
ADDRESS_REJECTED = "The mail server rejects the address"  # begins the reason of such a message
LOOK_BACK = timedelta(days=30)
State, Channel = Message.State, Message.Channel


def find_people_without_mail(facts: OpenCohorts) -> Iterator[Need]:
    rejected = facts.read(read_rejected)
    found: dict[int, dict[int, NeedSubject]] = defaultdict(dict)
    for member in facts.members:
        if not member.email or member.user_id in rejected:
            note = f"mail to {member.email} was rejected" if member.email else "no e-mail address"
            found[member.cohort_id][member.user_id] = NeedSubject(
                f"user:{member.user_id}",
                member.name,
                note,
                rejected.get(member.user_id),
                NeedButton(
                    "Correct address",
                    address_of("admin:cohorts_user_change", member.user_id),
                    ("cohorts.change_user",),
                ),
            )
    for cohort_id, people in found.items():
        get = "gets" if len(people) == 1 else "get"
        sentence = f"{count_people(len(people))} {get} no e-mail"
        yield Need(NO_MAIL, cohort_id, sentence, tuple(people.values()))


def rejected_emails() -> QuerySet[Message]:
    """Return the e-mails that were tried and whose address the mail server rejected."""
    return Message.objects.filter(
        channel=Channel.EMAIL, tried_at__isnull=False, not_sent_reason__contains=ADDRESS_REJECTED
    )


def read_rejected(facts: OpenCohorts) -> Mapping[int, datetime]:
    """Return when the mail server last rejected a person's address for good.  One query."""
    found = lasting_rejections(facts.now).order_by("tried_at").values_list("user", "tried_at")
    return {user_id: tried_at for user_id, tried_at in found if user_id and tried_at}


def lasting_rejections(now: datetime) -> QuerySet[Message]:
    """Return the rejected e-mails of addresses that are still rejected, as far as is known.

    An e-mail that was sent later shows that it is over, and so does a new attempt that waits.
    """
    later = Message.objects.filter(
        user=OuterRef("user"), channel=Channel.EMAIL, sent_at__gt=OuterRef("tried_at")
    )
    given_up = Q(state=State.EXPIRED) | Q(state=State.PENDING, next_try_at__gte=F("cutoff_at"))
    return rejected_emails().filter(~Exists(later), given_up, due_at__gt=now - LOOK_BACK)
