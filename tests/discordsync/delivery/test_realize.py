"""A realize writes to no one directly, with any choices of people."""

from __future__ import annotations

import pytest

from cohorts import clock
from cohorts.outbox import tasks
from cohorts.outbox.models import Message, MessageChoice
from cohorts.outbox.registry import topics
from discordsync.services import record_use
from tests.support.cohort import join, make_cohort, realize, work

pytestmark = pytest.mark.django_db


@pytest.mark.matrix
def test_a_realize_opens_no_direct_line_even_to_those_who_want_all_directly(
    sandbox,
    only_discord,
    mail_server,
):
    made = make_cohort(groups=3, members=4, start_date=clock.now().date())
    join(sandbox, made.people)
    for person in made.people:
        record_use(person.discord_id, now=clock.now())
        for topic in topics:
            MessageChoice.objects.create(user=person, topic=topic, route="discord_dm")
    realize(made)
    for _ in range(3):
        work("discord")
        tasks.collect_all()
        tasks.send_emails()

    assert {group.status for group in made.refresh().groups} == {"active"}
    assert sandbox.calls(path="/api/v10/users/@me/channels") == []
    assert sandbox.get("state")["discord"]["dms"] == {}
    emails = Message.objects.filter(kind="group_assigned", state="sent", channel="email")
    assert emails.count() == len(made.people)
    assert sorted(set(mail_server.recipients)) == sorted(p.email for p in made.people)
