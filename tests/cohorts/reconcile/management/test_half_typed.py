"""Any input ends in a sentence, never in a trace."""

import subprocess
import sys

import pytest

from cohorts.models import Cohort, Course, Group
from tests.support.cohort import make_cohort
from tests.support.processes import ROOT, environment
from tests.support.spread import in_matrix

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("only_discord", "sandbox")]


def test_an_unknown_cohort(call):
    said = call("realize_cohort", "Winter")
    assert (said.status, said.refusal) == (1, "There is no cohort with the ID or name “Winter”.")


@pytest.mark.parametrize("text", ["", " ", "0", "-1", "9" * 40, "½", "%", "1; drop"])
def test_anything_at_all_for_a_cohort(call, text):
    assert call("resync", f"--cohort={text}").refusal.startswith("There is no cohort")


def test_an_ambiguous_name_is_refused_with_the_candidates(call):
    first = make_cohort(groups=1).cohort
    second = Cohort.objects.create(
        course=Course.objects.create(name="Care"),
        name="Spring",
        start_date=first.start_date,
        number_of_meetings=3,
    )

    said = call("realize_cohort", "spring")

    assert said.status == 1
    assert f"{first.pk} (Safety: Spring)" in said.refusal
    assert f"{second.pk} (Care: Spring)" in said.refusal
    assert said.refusal.endswith("Use the ID.")


def test_a_group_that_does_not_exist(call):
    make_cohort(groups=1)
    said = call("realize_cohort", "Spring", "--group", 7_000_000)
    assert said.refusal == "There is no group with ID 7000000."


def test_a_group_of_another_cohort_is_reported_with_those_that_exist(call):
    made, other = make_cohort(groups=1), make_cohort(groups=1, name="Autumn")
    said = call("realize_cohort", "Spring", "--group", other.groups[0].pk)
    assert "belongs to Autumn, not to Spring" in said.refusal
    assert f"{made.groups[0].pk} (Group 1)" in said.refusal


@pytest.mark.parametrize("text", ["x", "-1", "1.5", "9" * 40])
def test_a_group_that_is_no_id(call, text):
    make_cohort(groups=1)
    said = call("realize_cohort", "Spring", f"--group={text}")
    assert "is not a group ID" in said.refusal


def test_a_cohort_without_groups(call):
    assert call("realize_cohort", make_cohort(groups=0).cohort.pk).refusal == (
        "Spring has no groups yet."
    )


def test_a_cohort_whose_groups_have_ended(call):
    made = make_cohort(groups=1)
    Group.objects.update(status="cancelled")
    assert call("realize_cohort", "Spring").refusal == "All of these groups have ended."
    Cohort.objects.filter(pk=made.cohort.pk).update(status="completed")
    assert call("realize_cohort", "Spring").refusal == "Spring is completed."


def test_nothing_named_for_resync(call):
    assert call("resync").refusal == "Choose groups with --group ID …, --cohort ID … or --all."
    assert call("resync", "--all").refusal == "There are no groups yet."


def test_nothing_configured(call, settings):
    settings.DISCORD_BOT_TOKEN = ""
    make_cohort(groups=1)
    assert "Neither Discord nor Google Calendar is configured." in (
        call("realize_cohort", "Spring").refusal
    )


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("words", "status", "told"),
    [
        in_matrix(["realize_cohort"], 2, "COHORT"),
        (["realize_cohort", "Winter", "--wait"], 1, "There is no cohort"),
        in_matrix(["resync", "--group"], 2, "--group"),
        in_matrix(["resync", "--nonsense"], 2, "--nonsense"),
    ],
)
def test_from_a_shell_too(words, status, told):
    done = subprocess.run(
        [sys.executable, "manage.py", *words],
        cwd=ROOT,
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == status
    assert told in done.stderr
    assert "Traceback" not in done.stderr
