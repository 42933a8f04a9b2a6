"""A drill: a backup while workers are at work, a day of work after it, and its restore."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from cohorts import clock
from cohorts.models import Group, Installation, User
from cohorts.outbox import tasks as messages
from cohorts.outbox.models import Message
from cohorts.reconcile import services
from cohorts.reconcile.models import GroupSync
from tests.lens.backups.test_restore import back_up, programs_on_path, restore
from tests.support import workers
from tests.support.backups import another_database
from tests.support.cohort import add_member, join, make_cohort, realize, work

__all__ = ["programs_on_path"]  # a fixture
BY_MAIL = ("EMAIL_BACKEND", "EMAIL_HOST", "EMAIL_PORT")
PROVIDERS = ("discord", "calendar")


def live(settings: Any) -> None:
    """The first minute of a real worker."""
    passed = {name: getattr(settings, name) for name in BY_MAIL}
    workers.finish(workers.start(*PROVIDERS, calls="live", **passed))


def count_outside(sandbox: Any) -> Counter[tuple[str, str]]:
    """How many objects there are outside, by kind and name."""
    discord = sandbox.get("state")["discord"]
    kinds = ("channels", "roles", "events")
    return Counter((kind, one["name"]) for kind in kinds for one in discord[kind].values())


@pytest.mark.django_db(transaction=True)
def test_a_backup_made_under_load_is_restored_and_nothing_happens_twice_or_unasked(
    sandbox: Any, mail_server: Any, settings: Any, tmp_path: Path
) -> None:
    made = make_cohort(groups=2, members=3, called="Old")
    join(sandbox, made.people)
    realize(made)
    work(*PROVIDERS)
    Installation.objects.ensure(clock.now())
    long_ago = clock.now() - timedelta(days=2)
    Installation.objects.update(first_started_at=long_ago, quiet_before=long_ago)

    # The backup is made while someone gets access: that it was given is not in the dump.
    made.people.append(add_member(made.groups[0]))
    join(sandbox, made.people)
    services.request_sync(made.ids)
    fault = {"kind": "hold_after", "service": "discord", "method": "PUT", "path": "/roles/"}
    sandbox.set_faults(fault)
    with workers.worker(*PROVIDERS) as worker:
        sandbox.wait_for_call(held=True)
        backup = back_up(tmp_path)
        sandbox.set_faults()
        workers.finish(worker)
    messages.collect_all()
    messages.send_emails()
    later = make_cohort(groups=2, members=2, name="Autumn", called="New")
    join(sandbox, [*made.people, *later.people])
    realize(later)
    work(*PROVIDERS)
    sent, outside, seen = sorted(mail_server.recipients), count_outside(sandbox), sandbox.last
    assert sent
    assert set(outside.values()) == {1}

    with another_database():
        restore(backup)
        for _ in range(2):
            live(settings)
        assert sandbox.writes(since=seen) == []
        assert sorted(mail_server.recipients) == sent

        answer_as_original()
        for _ in range(3):
            GroupSync.objects.update(next_at=clock.now())
            live(settings)
        assert sorted(mail_server.recipients) == sent
        assert count_outside(sandbox) == outside, "nothing is there twice, and nothing is gone"
        assert sandbox.writes(since=seen, method="DELETE") == []
        unsure = Message.objects.filter(state="unsure", channel="email")
        assert sorted(unsure.values_list("user__email", flat=True)) == sent
        assert set(Group.objects.values_list("name", flat=True)) == {"Old 1", "Old 2"}
        ready = GroupSync.objects.filter(provider="discord", ready_at__isnull=False)
        assert ready.count() == 2


def answer_as_original() -> None:
    client = Client()
    client.force_login(User.objects.create_superuser("olga@example.org", name="Olga"))
    page = client.get(reverse("sync:decide")).content.decode()
    assert "This database was restored from a backup, or copied." in page
    assert client.post(reverse("sync:decide"), {"word": "original"}).status_code == 302
