"""Two weeks of one cohort in which a message of every kind becomes pending.

    for samples in live_through(NOW):
        ...                            # each message once, at the moment at which it is pending

Afterwards each pending message counts as sent, since some messages follow from others.

    for samples in live_through(NOW, down_from=NOW + HOUR):
        ...                            # no worker runs from then until the two weeks are over
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from django.conf import settings

from cohorts.models import AccessState, Cohort, CohortStep, Group, Installation, Membership, User
from cohorts.outbox.collecting import collect
from cohorts.outbox.models import Message
from cohorts.outbox.rendering.samples import Sample
from cohorts.reconcile.models import ProviderState, RealizeRequest
from cohorts.services.memberships import end_membership
from cohorts.services.provider_reports import report_access
from discordsync.models import DiscordObject
from guestvisits.models import SubstituteOffer
from guestvisits.services.booking import book_visit
from guestvisits.services.cancelling import cancel_visit
from guestvisits.services.updating import update_all_visits
from guestvisits.substitutes.services import (
    answer_offer,
    request_substitute,
    update_all_substitutions,
)
from meetings.moving import moves
from meetings.moving.services import carry_out
from meetings.rsvps import set_rsvp
from meetings.writing.audience import AudienceKind, choose_members
from meetings.writing.letter_preview import read_preview
from meetings.writing.posting import post_letter
from meetings.writing.staff_letter import STAFF_LETTER, join_letter
from tests.support.academy import Academy

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
FIRST_ID = 200000000000000000
TEXT, VOICE = 300000000000000001, 300000000000000002


def live_through(now: datetime, *, down_from: datetime | None = None) -> Iterator[list[Sample]]:
    academy = _begin(now)
    yield from _look(now, down_from)
    _let_things_happen(academy, now + HOUR)
    _ask_for_substitutes(academy, now + HOUR)
    yield from _look(now + HOUR, down_from)
    for halves in range(2 * 14):
        moment = now + 2 * HOUR + halves * DAY / 2
        if halves == 0:
            _answer_as_substitutes(academy, moment)
        if halves == 1:
            _cancel(academy, "Jo", "C", 1, moment)  # the home group was notified of it
        update_all_visits(moment)
        yield from _look(moment, down_from)
    yield from _look(moment)


def _begin(now: datetime) -> Academy:
    """Three groups that became active just now, and a realize that has ended."""
    Installation.objects.ensure(now)
    Installation.objects.update(first_started_at=now - DAY, quiet_before=now - DAY)
    academy = Academy(now, groups="ABC")
    Cohort.objects.update(first_known_at=now - DAY)
    for n, name in enumerate(("Alice", "Gil", "Gus", "Hal", "Ida", "Jo")):
        academy.add_member(name, "A", discord_id=FIRST_ID + n, timezone="America/New_York")
    academy.add_facilitator("Fay", "A", discord_id=FIRST_ID + 9)
    academy.add_member("Ned", "A")  # has no Discord account
    academy.add_member("Cora", "C", discord_id=FIRST_ID + 30)
    Membership.objects.update(joined_at=now - DAY)
    Group.objects.update(set_up_at=now, activated_at=now)
    _put_channels(academy)
    _end_realize(academy, now)
    # Its channels can be read for another ten days.
    Group.objects.create(
        cohort=academy.cohort,
        name=academy.groups["C"].name + " before",
        status=Group.Status.COMPLETED,
        activated_at=now - 50 * DAY,
        ended_at=now - 20 * DAY,
    )
    return academy


def _put_channels(academy: Academy) -> None:
    for kind, outside_id in (("text_channel", TEXT), ("voice_channel", VOICE)):
        for n, group in enumerate(academy.groups.values()):
            DiscordObject.objects.create(
                key=f"{kind}:{group.pk}",
                kind=kind,
                cohort=academy.cohort,
                group=group,
                outside_id=outside_id + 10 * n,
            )


def _end_realize(academy: Academy, now: datetime) -> None:
    first, *others = academy.groups.values()
    AccessState.objects.create(
        user=User.objects.get(name="Alice"), group=first, provider="discord", state="not_joined"
    )
    # The server is read all the time.
    ProviderState.objects.create(provider="discord", last_seen_at=now + 20 * DAY)
    RealizeRequest.objects.create(
        requested_at=now - HOUR,
        requested_by=academy.add_person("Sam", is_staff=True, is_superuser=True),
        group_ids=[group.pk for group in academy.groups.values()],
        ended_at=now,
        results={str(first.pk): "no_slot"} | {str(one.pk): "ready" for one in others},
    )


def _let_things_happen(academy: Academy, now: datetime) -> None:
    carol = academy.add_member("Carol", "A", discord_id=FIRST_ID + 20)
    Membership.objects.filter(user=carol).update(joined_at=now)
    nora = academy.add_member("Nora", "A", discord_id=FIRST_ID + 21)  # is not in the server
    Membership.objects.filter(user=nora).update(joined_at=now)
    report_access(
        "discord",
        {academy.groups["A"].pk: [(carol.pk, "granted", ""), (nora.pk, "not_joined", "")]},
        now=now,
    )
    ned = Membership.objects.get(user__name="Ned")
    end_membership(ned.pk, status="dropped", now=now)
    _book(academy, "Gil", "B", 1, now)
    _book(academy, "Gus", "B", 3, now)
    _book(academy, "Hal", "C", 2, now)
    _book(academy, "Ida", "C", 3, now)
    _book(academy, "Jo", "C", 1, now)
    _cancel(academy, "Hal", "C", 2, now)
    carry_out(moves.Reschedule(academy.meeting("C", 3).pk, now + 40 * DAY), by=None, now=now)
    carry_out(moves.Cancel(academy.meeting("A", 4).pk), by=None, now=now)
    _take_steps(academy, now)
    _write_letter(academy, now)


def _write_letter(academy: Academy, now: datetime) -> None:
    """Sam writes to group A, with markup, an address and every placeholder."""
    text = "Dear {name} of <b>{group}</b> @everyone, **look**:\r\n\n# {next_meeting}\n"
    text += f"> see {settings.SITE_URL}/meetings/. <script>alert(1)</script> || {{{{braces}}}}"
    letter = join_letter("Hello {group}\r\nBcc: eve@example.org", text)
    ids = [academy.groups["A"].pk]
    members = choose_members(academy.cohort.pk, AudienceKind.GROUPS, ids)
    preview = read_preview(letter, members, now)
    post_letter(
        academy.cohort,
        members,
        letter=letter,
        letter_id="0" * 32,
        audience="group A",
        seen=preview.digest,
        seen_readers=frozenset(),
        sender=User.objects.get(name="Sam"),
        now=now,
    )


def _take_steps(academy: Academy, now: datetime) -> None:
    """A break that was carried out, and one that was stopped."""
    sam, alice = User.objects.get(name="Sam"), User.objects.get(name="Alice")
    group = academy.groups["A"]
    params = {"first": "2027-03-01", "last": "2027-03-07", "drop": False, "also": []}
    values = {"group": group.name, "dates": "1 March", "meetings": f"{group.name}: Week 3 moves."}
    values |= {"visit": "", "answer": f"Answer {settings.SITE_URL}/meetings/"}
    step = {"cohort": academy.cohort, "kind": "break", "params": params, "asked_at": now}
    step |= {"due_at": now, "finished_at": now, "asked_by": sam, "reason": group.name}
    CohortStep.objects.create(
        **step,
        state="done",
        letters={str(alice.pk): values},
        posts={str(group.pk): f"No meetings\n{group.name}: Week 3 moves."},
    )
    CohortStep.objects.create(**step, state="stopped", stopped_why="Something changed.")
    step |= {"finished_at": None}
    CohortStep.objects.create(**step, state="waiting", failing_since=now - timedelta(minutes=5))


def _ask_for_substitutes(academy: Academy, now: datetime) -> None:
    """Fay needs a substitute for weeks 1, 2 and 3, and only declines week 4 of group B."""
    fay = User.objects.get(name="Fay")
    for n in range(3):
        helper = academy.add_facilitator(f"Helper {n}", "C", discord_id=FIRST_ID + 40 + n)
        AccessState.objects.create(
            user=helper, group=academy.groups["C"], provider="discord", state="granted"
        )
        Membership.objects.filter(user=helper).update(joined_at=now)
    for number in (1, 2, 3):
        request_substitute(academy.meeting("A", number).pk, fay.pk, now=now)
    Membership.objects.create(
        user=fay, group=academy.groups["B"], role="facilitator", joined_at=now
    )
    set_rsvp(academy.meeting("B", 2).pk, fay.pk, "not_attending", now=now)


def _answer_as_substitutes(academy: Academy, now: datetime) -> None:
    """Week 1 gets a substitute, week 2 loses one, and week 3 moves away from one."""
    for number, leads in ((1, (True,)), (2, (True, False)), (3, (True,))):
        offers = SubstituteOffer.objects.filter(substitution__meeting=academy.meeting("A", number))
        first = offers.order_by("pk")[0]
        for n, answer in enumerate(leads):
            moment = now + n * HOUR
            answer_offer(first.pk, first.user_id, leads=answer, now=moment)
    start = academy.meeting("A", 3).starts_at
    carry_out(moves.Reschedule(academy.meeting("A", 3).pk, start + HOUR), by=None, now=now)
    update_all_substitutions(now + HOUR)


def _book(academy: Academy, name: str, host: str, number: int, now: datetime) -> None:
    book_visit(
        User.objects.get(name=name).pk,
        home_meeting_id=academy.meeting("A", number).pk,
        host_meeting_id=academy.meeting(host, number).pk,
        now=now,
    )


def _cancel(academy: Academy, name: str, host: str, number: int, now: datetime) -> None:
    person = User.objects.get(name=name)
    cancel_visit(person.pk, host_meeting_id=academy.meeting(host, number).pk, now=now)


def _look(now: datetime, down_from: datetime | None = None) -> Iterator[list[Sample]]:
    if down_from and now >= down_from:
        return
    written = Message.objects.filter(kind=STAFF_LETTER, state="pending")  # no source returns them
    known = set(Message.objects.exclude(pk__in=written).values_list("pk", flat=True))
    collect(None, now=now)
    fresh = Message.objects.exclude(pk__in=known).select_related("user", "group__cohort__course")
    yield [Sample(message, now) for message in fresh]
    fresh.filter(state="pending").update(state="sent", sent_at=now, body="Sent.")
