"""The text of a letter of staff, as each of its readers gets it."""

from __future__ import annotations

import pytest

from cohorts.models import Membership, User
from cohorts.outbox.models import Message
from cohorts.outbox.registry import MessageObsolete
from cohorts.outbox.rendering.render import render
from meetings.models import Meeting
from meetings.writing.audience import AudienceKind, choose_members, read_addressees
from meetings.writing.staff_letter import (
    STAFF_LETTER,
    find_addresses,
    join_letter,
    letter_context,
    read_values,
    sign,
    split_line,
    split_paragraphs,
)
from tests.meetings.writing.conftest import NOW

TEXT = "You are in {group}.\r\n\r\nSee https://lens.example/a, then\nnext: {next_meeting}."


def message_to(name, academy, sender, letter, *groups):
    person = User.objects.get(name=name)
    ids = [academy.groups[group].pk for group in groups]
    return Message(
        kind=STAFF_LETTER,
        channel="email",
        user=person,
        group=academy.groups[groups[0]],
        due_at=NOW,
        cutoff_at=NOW,
        context=letter_context(letter, sender, ids),
    )


def test_the_reader_gets_paragraphs_links_and_times_in_their_own_zone(academy, max_):
    letter = join_letter("News for {name}", TEXT)
    content = render(message_to("Ann", academy, max_, letter, "A"), NOW)
    assert content.subject == "News for Ann"
    assert content.text.startswith(
        "Hello Ann,\n\nYou are in Group A.\n\nSee https://lens.example/a, then\n"
        "next: Thursday 7 January, 07:00 (New York).\n\nMax, programme team\n"
    )
    assert '<p>See <a href="https://lens.example/a">https://lens.example/a</a>, then<br>' in (
        content.html
    )


def test_someone_in_two_groups_reads_both_names_and_the_earlier_meeting(academy, max_):
    letter = join_letter("News", TEXT)
    content = render(message_to("Fay", academy, max_, letter, "A", "B"), NOW)
    assert "You are in Group A and Group B." in content.text
    assert "next: Thursday 7 January, 13:00 (Berlin)." in content.text


def test_without_a_meeting_ahead_the_placeholder_is_empty(academy, max_):
    Meeting.objects.all().delete()
    values = read_values(
        read_addressees(choose_members(academy.cohort.pk, AudienceKind.COHORT)), NOW
    )
    assert {value["next_meeting"] for value in values.values()} == {""}
    content = render(
        message_to(
            "Ann", academy, max_, join_letter("{next_meeting}", "Hi\n{next_meeting}\nyou"), "A"
        ),
        NOW,
    )
    assert content.subject == "A letter from your programme team"
    assert "Hi\nyou\n" in content.text


def test_who_has_left_the_group_before_it_is_sent_gets_none(academy, max_):
    message = message_to("Ann", academy, max_, join_letter("News", "Hi"), "A")
    Membership.objects.filter(user__name="Ann").update(status="removed", left_at=NOW)
    with pytest.raises(MessageObsolete, match="no longer in this group"):
        render(message, NOW)


def test_members_at_the_end_can_be_written_to_after_the_cohort_is_over(academy):
    groups = academy.groups.values()
    for group in groups:
        group.status, group.ended_at = "completed", NOW
        group.save()
    Membership.objects.filter(user__name__in=["Ann", "Fay"]).update(status="completed", left_at=NOW)
    Membership.objects.filter(user__name="Bo").update(status="moved", left_at=NOW)
    academy.cohort.status, academy.cohort.ended_at = "completed", NOW
    academy.cohort.save()
    found = read_addressees(choose_members(academy.cohort.pk, AudienceKind.COHORT))
    assert [one.person.name for one in found] == ["Ann", "Fay"]


def test_the_signature_never_shows_an_address(academy):
    assert sign(None) == "Programme team"
    assert sign(User(email="secret@example.org")) == "Programme team"
    assert sign(User(name="Ada\nEve")) == "Ada Eve, programme team"


def test_only_addresses_that_staff_wrote_become_links():
    addresses = find_addresses("Look: https://a.example/x. And {name}.")
    assert addresses == {"https://a.example/x"}
    (found,) = split_paragraphs(["Look: https://a.example/x. And https://evil.example."], addresses)
    assert [(part.text, part.is_link, part.is_apart) for part in found[0].parts] == [
        ("Look:", False, False),
        ("https://a.example/x", True, True),
        (". And https://evil.example.", False, False),
    ]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("(https://a.example)", ["(", "https://a.example", ")"]),
        ("https://a.example https://a.example/b", ["https://a.example", "https://a.example/b"]),
        ("no link", ["no link"]),
    ],
)
def test_a_line_is_split_at_its_addresses(line, expected):
    parts = split_line(line, find_addresses(line))
    assert [part.text for part in parts] == expected
    joined = "".join(f"{' ' if part.is_apart else ''}{part.text}" for part in parts)
    assert joined == line
