"""What a third provider needs outside its own modules: one line, its app in INSTALLED_APPS."""

from __future__ import annotations

import inspect
import re
from pathlib import Path

import pytest
from django.conf import settings

from cohorts.models import User
from cohorts.reconcile import services
from cohorts.reconcile.provider import Provider, ProviderAdmin
from lens.personal_data.erasure import left_outside
from tests.lens.watch import toy_settings
from tests.support import in_memory
from tests.support.cohort import make_cohort, realize, work

APPS = ("cohorts", "meetings", "guestvisits", "discordsync", "calendarsync", "lens")


def test_it_uses_the_values_and_errors_of_the_reconciler_and_the_facts():
    imported = set(re.findall(r"^from (\S+) import", inspect.getsource(in_memory), re.M))
    ours = {name for name in imported if name.partition(".")[0] in APPS}
    assert ours == {"cohorts.models", "cohorts.reconcile.errors", "cohorts.reconcile.values"}


def test_one_line_of_the_settings_names_it_and_none_of_the_product():
    """The processes of tests/lens/watch run with these settings."""
    lines = inspect.getsource(toy_settings).splitlines()
    assert len([line for line in lines if "ToyConfig" in line]) == 1
    words = re.compile("Meeting links|LinkProvider|link_missing|in_memory|Toy")
    files = [file for app in APPS for file in Path(settings.BASE_DIR, app).rglob("*.py")]
    assert [file for file in files if words.search(file.read_text(encoding="utf-8"))] == []


def test_it_has_every_member_of_the_interfaces():
    provider = in_memory.LinkProvider()
    for own, protocol in ((provider, Provider), (in_memory.LinkAdmin(provider), ProviderAdmin)):
        members = {*vars(protocol), *protocol.__annotations__}
        assert not [name for name in members if name[0] != "_" and not hasattr(own, name)]


@pytest.mark.django_db
def test_staff_pages_and_plans_show_it(links, client):
    client.force_login(User.objects.create_superuser("olga@example.org", name="Olga"))
    made = make_cohort(groups=1)
    realize(made)
    work("links")
    assert "Meeting links" in client.get("/admin/operations/").content.decode()
    (run,) = services.request_plan(made.ids, as_if_requested=False)
    work("links")
    run.refresh_from_db()
    assert run.summary["checks"][0]["what"] == "Links can be read"


@pytest.mark.django_db
def test_an_erasure_names_the_access_that_it_waits_for(links):
    made = make_cohort(groups=1, members=1)
    realize(made)
    work("links")
    [learner] = made.people
    assert list(left_outside(learner)) == [f"access to {made.groups[0]} (Meeting links)"]
