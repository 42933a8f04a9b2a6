"""The command, as a script calls it."""

import io
from datetime import UTC, datetime
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command

from cohorts import clock
from cohorts.models import Group, Membership, User
from meetings.models import Meeting
from tests.support.roster import make_file, make_line

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("without_providers")]

SAMPLE = Path(settings.BASE_DIR) / "docs" / "sample-roster.csv"


def run(path: Path, *options: str) -> str:
    said = io.StringIO()
    call_command("import_roster", str(path), *options, stdout=said)
    return said.getvalue()


def test_the_sample_brings_in_three_groups_across_the_world():
    said = run(SAMPLE)
    assert "1 new course, 1 new cohort, 3 new groups, 24 new people, 24 people join." in said
    starts = Meeting.objects.filter(number=1).order_by("group__name")
    assert [meeting.starts_at for meeting in starts] == [
        datetime(2027, 1, 17, 12, 30, tzinfo=UTC),  # Sunday, 23:30 in Sydney
        datetime(2027, 1, 12, 23, 0, tzinfo=UTC),  # Tuesday, 18:00 in New York
        datetime(2027, 1, 13, 18, 0, tzinfo=UTC),  # Wednesday, 19:00 in Berlin
    ]
    assert [meeting.duration_minutes for meeting in starts] == [60, 90, 60]
    assert Membership.objects.filter(role=Membership.Role.FACILITATOR).count() == 3
    assert User.objects.get(discord_id=None).name == "Karim Haddad"


def test_c4_a_running_cohort_moves_only_with_a_flag(tmp_path):
    path = tmp_path / "winter.csv"
    path.write_text(make_file(make_line("Alice")))
    run(path)
    Group.objects.update(status=Group.Status.ACTIVE, set_up_at=clock.now())
    path.write_text(make_file(make_line("Alice", number_of_meetings="6")))
    with pytest.raises(CommandError):
        run(path)
    assert Meeting.objects.count() == 4
    said = run(path, "--dry-run")
    assert "Winter is running: add --move-meetings to change its meetings." in said
    assert "Alpha: 2 meetings to change" in said
    run(path, "--move-meetings")
    assert Meeting.objects.count() == 6


def test_the_sample_twice_changes_nothing():
    run(SAMPLE)
    assert run(SAMPLE) == "No changes: everything is already up to date.\n"


def test_a_dry_run_shows_all_and_changes_nothing():
    said = run(SAMPLE, "--dry-run")
    assert "Heron: Sunday 23:30 - Monday 00:30, Australia/Sydney" in said
    assert "Maren Oduya joins Heron as facilitator" in said
    assert said.endswith("nothing was changed.\n")
    assert not User.objects.exists()


def test_nothing_is_said_when_nothing_is_to_be_said():
    assert run(SAMPLE, "--verbosity=0") == ""


@pytest.mark.parametrize("options", [[], ["--dry-run"]])
def test_every_bad_line_is_reported_and_nothing_is_changed(tmp_path, capsys, options):
    roster = tmp_path / "roster.csv"
    roster.write_text(
        make_file(make_line("Alice", slot="Wensday 15:00"), make_line("Bob", 2, email="bob"))
    )
    with pytest.raises(CommandError, match=r"The file has 2 problems\. Nothing was changed\."):
        run(roster, *options)
    told = capsys.readouterr().err.splitlines()
    assert told == [
        "Line 2, slot: “Wensday” is not a weekday. Did you mean Wednesday?",
        "Line 3, email: “bob” is not an e-mail address.",
    ]
    assert not Group.objects.exists()


def test_a_file_that_is_not_there_is_explained_in_a_sentence(tmp_path):
    with pytest.raises(CommandError, match=r"nowhere\.csv does not exist\."):
        run(tmp_path / "nowhere.csv")
    with pytest.raises(CommandError, match="cannot be read: Is a directory"):
        run(tmp_path)
