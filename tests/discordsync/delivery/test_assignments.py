"""Who is notified of a new group: each once, even if they join late or access is granted again."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from cohorts.models import AccessState, Cohort, Group, Installation, Membership, User
from cohorts.outbox.collecting import collect
from cohorts.outbox.models import Message
from cohorts.outbox.registry import MessageObsolete, message_sources
from cohorts.outbox.rendering.render import render
from cohorts.reconcile.models import ProviderState
from cohorts.services.memberships import move_member
from cohorts.services.provider_reports import report_access
from discordsync.delivery.assignments import joined_context
from discordsync.models import DiscordObject
from tests.support.academy import Academy

pytestmark = pytest.mark.django_db

NOW = datetime(2030, 3, 1, 12, 0, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
ALICE, BOB = 200000000000000001, 200000000000000002


@pytest.fixture
def academy(without_providers, registered, settings) -> Academy:
    """Groups A and B became active an hour ago; Alice was in A before that."""
    registered.only(
        message_sources,
        "welcomes",
        "assignments",
        "arrivals",
    )
    settings.DISCORD_INVITE_URL = "https://discord.gg/academy"
    Installation.objects.ensure(NOW - 10 * DAY)
    Installation.objects.update(quiet_before=NOW - 10 * DAY)
    academy = Academy(NOW, groups="AB", course="Safety", name="Spring")
    Cohort.objects.update(first_known_at=NOW - 10 * DAY)
    Group.objects.update(set_up_at=NOW - HOUR, activated_at=NOW - HOUR)
    alice = academy.add_member("Alice", "A", discord_id=ALICE, timezone="Asia/Tokyo")
    Membership.objects.filter(user=alice).update(joined_at=NOW - 2 * DAY)
    return academy


def pending(kind: str) -> list[str]:
    rows = Message.objects.filter(kind=kind).exclude(state="expired").order_by("pk")
    return [str(row.user) if row.user else "channel" for row in rows]


def words_of(kind: str, now: datetime = NOW):
    return render(Message.objects.get(kind=kind), now)


def report(academy: Academy, state: str, *names: str, now: datetime) -> None:
    people = User.objects.filter(name__in=names)
    rows = [(person.pk, state, "") for person in people]
    report_access("discord", {academy.groups["A"].pk: rows}, now=now)


def welcome(academy: Academy, *mentions: int) -> None:
    collect(None, now=NOW)
    Message.objects.filter(kind="welcome", group=academy.groups["A"]).update(
        state="sent", sent_at=NOW, body=" ".join(f"<@{pk}>" for pk in mentions)
    )


# -- to the person -------------------------------------------------------------------------------


def test_a_person_in_the_group_from_the_start_gets_the_full_email(academy):
    academy.add_facilitator("Bob", "A")
    Membership.objects.update(joined_at=NOW - DAY)
    DiscordObject.objects.create(
        key="text_channel:1",
        kind="text_channel",
        cohort=academy.cohort,
        group=academy.groups["A"],
        outside_id=300000000000000001,
        name_returned="group-a",
    )
    collect(None, now=NOW)
    assert pending("group_assigned") == ["Alice", "Bob"]
    assert pending("member_joined") == []

    words = render(Message.objects.get(kind="group_assigned", user__name="Alice"), NOW)
    first = academy.meeting("A").starts_at
    assert words.subject == "Your group: Group A of Safety"
    assert "- Bob (facilitator)\n- Alice\n" in words.text
    assert f"- Week 1: {first:%A} {first.day} {first:%B %Y}, 21:00 (Asia/Tokyo)" in words.text
    assert words.text.count("(Asia/Tokyo)") == 4
    assert "#group-a" in words.text
    assert "/300000000000000001" in words.text
    assert "/300000000000000001" in words.html


def test_a_person_who_joins_later_gets_only_the_short_email(academy):
    academy.add_member("Bob", "A")
    Membership.objects.filter(user__name="Bob").update(joined_at=NOW)
    collect(None, now=NOW)
    assert pending("group_assigned") == ["Alice"]
    assert pending("member_joined") == ["Bob"]
    words = words_of("member_joined")
    assert words.subject == "You are now in Group A"
    assert "Next meeting (week 1): " in words.text


@pytest.mark.parametrize(
    ("state", "discord_id", "said"),
    [
        ("not_joined", ALICE, "https://discord.gg/academy"),
        ("no_address", None, "Sign in with Discord"),
    ],
)
def test_a_person_who_is_not_in_the_server_yet_reads_how_to_join(
    academy, settings, state, discord_id, said
):
    settings.DISCORD_CLIENT_ID = "1"
    ProviderState.objects.create(provider="discord", last_seen_at=NOW)
    User.objects.update(discord_id=discord_id)
    report(academy, state, "Alice", now=NOW)
    collect(None, now=NOW)
    words = words_of("group_assigned")
    assert said in words.text
    assert said in words.html


def test_getting_in_late_or_being_granted_once_more_sends_no_second_email(academy):
    report(academy, "not_joined", "Alice", now=NOW)
    collect(None, now=NOW)
    for hour, state in enumerate(("granted", "pending", "granted")):
        report(academy, state, "Alice", now=NOW + hour * HOUR)
        collect(None, now=NOW + hour * HOUR)
    assert pending("group_assigned") == ["Alice"]
    assert pending("member_joined") == []


def test_a_move_to_another_group_has_an_email_of_its_own(academy):
    collect(None, now=NOW)
    alice = User.objects.get(name="Alice")
    move_member(Membership.objects.get(user=alice).pk, academy.groups["B"].pk, now=NOW)
    collect(None, now=NOW)
    assert Message.objects.get(kind="member_joined").group == academy.groups["B"]
    with pytest.raises(MessageObsolete):
        words_of("group_assigned")


def test_a_person_who_leaves_and_returns_gets_an_email_and_is_announced_again(academy):
    welcome(academy)
    bob = academy.add_member("Bob", "A", discord_id=BOB)
    Membership.objects.filter(user=bob).update(joined_at=NOW)
    report(academy, "granted", "Bob", now=NOW + HOUR)
    collect(None, now=NOW + HOUR)
    first = Message.objects.filter(kind="member_joined")
    first.filter(user=bob).update(state="sent", sent_at=NOW + HOUR)
    old = Membership.objects.get(user=bob)
    away = move_member(old.pk, academy.groups["B"].pk, now=NOW + 2 * HOUR)
    report(academy, "ended", "Bob", now=NOW + 2 * HOUR)
    back = move_member(away.pk, academy.groups["A"].pk, now=NOW + 3 * HOUR)
    report(academy, "granted", "Bob", now=NOW + 3 * HOUR)
    for hours in (3, 4):
        collect(None, now=NOW + hours * HOUR)

    key = f"member_joined:{academy.groups['A'].pk}:{bob.pk}"
    assert sorted(Message.objects.filter(kind="member_joined").values_list("key", flat=True)) == [
        *[key, f"{key}:{back.pk}", f"{key}:{back.pk}:channel", f"{key}:channel"],
    ]
    post = Message.objects.get(key=f"{key}:{back.pk}:channel")
    assert f"<@{BOB}> has joined" in render(post, NOW + 4 * HOUR).text
    unsent = Message.objects.get(key=f"{key}:channel")
    with pytest.raises(MessageObsolete):
        render(unsent, NOW + 4 * HOUR)


def test_a_founder_who_was_announced_late_is_announced_again_after_returning(academy):
    welcome(academy)
    report(academy, "granted", "Alice", now=NOW + HOUR)
    collect(None, now=NOW + HOUR)
    old = Membership.objects.get(user__name="Alice")
    away = move_member(old.pk, academy.groups["B"].pk, now=NOW + 2 * HOUR)
    report(academy, "ended", "Alice", now=NOW + 2 * HOUR)
    back = move_member(away.pk, academy.groups["A"].pk, now=NOW + 3 * HOUR)
    report(academy, "granted", "Alice", now=NOW + 3 * HOUR)
    for hours in (3, 4):
        collect(None, now=NOW + hours * HOUR)

    key = f"member_joined:{academy.groups['A'].pk}:{old.user_id}"
    posts = Message.objects.filter(kind="member_joined", channel="discord_channel")
    assert sorted(posts.values_list("key", flat=True)) == [
        f"{key}:{back.pk}:channel",
        f"{key}:channel",
    ]


def adopt(group: Group) -> None:
    DiscordObject.objects.create(
        key=f"text_channel:{group.pk}",
        kind="text_channel",
        cohort=group.cohort,
        group=group,
        outside_id=7,
        imported=True,
    )


def test_an_imported_group_has_emails_pending_for_newcomers_only(academy):
    adopt(academy.groups["A"])
    academy.add_member("Bob", "A")
    Membership.objects.filter(user__name="Bob").update(joined_at=NOW)
    report(academy, "granted", "Alice", "Bob", now=NOW)
    collect(None, now=NOW)
    assert pending("group_assigned") == []
    assert pending("member_joined") == ["Bob", "channel"]


@pytest.mark.parametrize("change", [{"set_up_at": None}, {"set_up_at": NOW - 8 * DAY}])
def test_nothing_is_pending_for_a_group_that_is_not_set_up_or_was_long_ago(academy, change):
    Group.objects.update(**change)
    Membership.objects.update(joined_at=NOW - 9 * DAY)
    collect(None, now=NOW)
    assert pending("group_assigned") + pending("member_joined") == []


def test_nothing_from_before_the_cohort_was_known_here_is_pending(academy):
    Cohort.objects.update(first_known_at=NOW - timedelta(minutes=1))
    collect(None, now=NOW)
    assert pending("group_assigned") == []


# -- in the channel ------------------------------------------------------------------------------


def test_a_person_who_joins_after_the_welcome_is_announced_once_in_the_channel(academy):
    report(academy, "not_joined", "Alice", now=NOW - HOUR)
    welcome(academy)
    later = NOW + HOUR
    report(academy, "granted", "Alice", now=later)
    for hours in (0, 1, 2):
        collect(None, now=later + hours * HOUR)
    report(academy, "pending", "Alice", now=later + 3 * HOUR)
    report(academy, "granted", "Alice", now=later + 4 * HOUR)
    collect(None, now=later + 4 * HOUR)
    assert pending("member_joined") == ["channel"]
    assert words_of("member_joined", later).text == f"<@{ALICE}> has joined **Group A**. Welcome!"


def test_a_group_that_plain_sql_activated_keeps_no_other_from_its_posts(academy):
    report(academy, "not_joined", "Alice", now=NOW - HOUR)
    welcome(academy)
    Group.objects.filter(name="Group B").update(activated_at=None)
    other = academy.add_member("Bob", "B", discord_id=BOB)
    later = NOW + HOUR
    report_access("discord", {academy.groups["B"].pk: [(other.pk, "granted", "")]}, now=later)
    report(academy, "granted", "Alice", now=later)
    collect(None, now=later)
    assert "channel" in pending("member_joined")


def test_people_mentioned_in_the_welcome_are_not_announced_after_a_new_grant(academy):
    welcome(academy, ALICE)
    report(academy, "granted", "Alice", now=NOW + HOUR)
    collect(None, now=NOW + HOUR)
    assert pending("member_joined") == []


def test_a_person_who_joins_before_the_welcome_is_sent_is_greeted_by_it_alone(academy):
    academy.add_member("Bob", "A", discord_id=BOB)
    Membership.objects.filter(user__name="Bob").update(joined_at=NOW)
    report(academy, "granted", "Bob", now=NOW)
    collect(None, now=NOW)
    later = NOW + HOUR
    Message.objects.filter(kind="welcome").update(state="sent", sent_at=later, body=f"<@{BOB}>")
    collect(None, now=later)
    assert pending("member_joined") == ["Bob"]  # the e-mail, and nothing in the channel


def test_a_founding_member_left_out_of_a_long_welcome_is_not_announced(academy):
    report(academy, "granted", "Alice", now=NOW - HOUR)
    welcome(academy)
    collect(None, now=NOW + HOUR)
    assert pending("member_joined") == []


def test_a_guest_with_access_is_not_announced_as_a_member(academy):
    welcome(academy)
    academy.add_member("Gus", "B", discord_id=BOB)
    report(academy, "granted", "Gus", now=NOW + HOUR)
    collect(None, now=NOW + HOUR)
    assert not Message.objects.filter(kind="member_joined", channel="discord_channel").exists()


def test_looking_costs_the_same_for_one_and_for_many(academy, django_assert_num_queries):
    from discordsync.delivery.assignments import pending_arrivals, pending_assignments

    for n in range(5):
        academy.add_member(f"Person {n}", "A", discord_id=BOB + n)
    Membership.objects.exclude(user__name="Alice").update(joined_at=NOW)
    report(academy, "granted", *(f"Person {n}" for n in range(5)), now=NOW)
    assert AccessState.objects.count() == 5
    with django_assert_num_queries(3):
        assert len(list(pending_assignments(None, NOW, NOW))) == 6
    with django_assert_num_queries(2):
        assert len(list(pending_arrivals(None, NOW, NOW))) == 5


def test_messages_that_version_0_1_0_collected_are_not_collected_again(academy):
    welcome(academy)
    bob = academy.add_member("Bob", "A", discord_id=BOB)
    Membership.objects.filter(user=bob).update(joined_at=NOW)
    report(academy, "granted", "Bob", now=NOW + HOUR)
    collect(None, now=NOW + HOUR)
    of_before = f"member_joined:{academy.groups['A'].pk}:{bob.pk}"
    joined = Message.objects.filter(kind="member_joined")
    assert {*joined.values_list("key", flat=True)} == {of_before, f"{of_before}:channel"}

    joined.filter(user=bob).update(context={})
    joined.filter(user=None).update(context={"person": bob.pk})
    for message in joined:
        assert joined_context(message, NOW)["member"] == bob
