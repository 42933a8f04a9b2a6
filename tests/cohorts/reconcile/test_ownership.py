"""A database that was restored or copied is recognized before it writes or sends anything."""

from __future__ import annotations

import logging
from datetime import UTC, datetime, timedelta
from importlib import import_module
from io import StringIO

import pytest
from django.apps import apps
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.urls import reverse

from cohorts import clock
from cohorts.models import Group, Installation, Membership, Seal, User
from cohorts.outbox import tasks as messages
from cohorts.outbox.models import Message
from cohorts.reconcile import ownership, services, tasks
from cohorts.reconcile.models import GroupSync, ProviderState
from discordsync.models import DiscordObject
from tests.support import workers
from tests.support.backups import another_database, dump, restored
from tests.support.cohort import add_member, join, make_cohort, realize, work
from tests.support.spread import in_matrix

MAIL = ("EMAIL_BACKEND", "EMAIL_HOST", "EMAIL_PORT")


def is_restored() -> bool:
    return Installation.objects.ensure(datetime.now(UTC)).is_restored


def execute(statement: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement)


# -- what breaks the seal --------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_b3_a_restore_and_a_copy_break_the_seal(tmp_path):
    assert not is_restored()
    backup = dump(tmp_path)
    with restored(backup):
        assert is_restored()
        Installation.objects.seal(clock.now())
        assert not is_restored()
    with restored(backup, clean=True):
        assert is_restored()
    here = str(connection.settings_dict["NAME"])
    with another_database(), another_database(template=here):
        assert is_restored()


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    "statement",
    [
        in_matrix("VACUUM FULL"),
        in_matrix("VACUUM FREEZE"),
        "VACUUM FULL FREEZE",
        in_matrix("CLUSTER cohorts_seal USING cohorts_seal_pkey"),
        in_matrix("REINDEX TABLE cohorts_seal"),
        in_matrix("ANALYZE"),
    ],
)
def test_b3_maintenance_keeps_the_seal(statement):
    Installation.objects.ensure(clock.now())
    execute(statement)
    assert not is_restored()


@pytest.mark.django_db(transaction=True)
def test_b3_a_seal_from_before_the_transaction_counter_went_round_holds():
    """`xmin` holds the lower 32 bits for ever; what is stored is what the row says."""
    Installation.objects.ensure(clock.now())
    execute("SELECT pg_current_xact_id() FROM generate_series(1, 3)")
    execute("VACUUM FREEZE cohorts_seal")
    stored = Installation.objects.get().seal.partition(":")[0]
    assert 0 < int(stored) < 2**32
    assert not is_restored()


@pytest.mark.django_db
def test_b3_recovery_to_a_point_in_time_is_declared_by_a_command():
    Installation.objects.ensure(clock.now())
    said = StringIO()
    call_command("mark_restored", stdout=said)
    assert "Nothing is changed or sent until staff answer" in said.getvalue()
    assert is_restored()
    assert ownership.find_question().doubt == "restored"


# -- upgrades --------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_b3_an_upgrade_seals_the_database_that_is_there():
    Installation.objects.ensure(clock.now())
    Seal.objects.all().delete()
    Installation.objects.update(seal="")
    assert is_restored()
    migration = import_module("cohorts.migrations.0011_seal")
    with connection.schema_editor(atomic=True) as editor:
        migration.seal_what_is_there(apps, editor)
    assert not is_restored()


# -- a real dump, a real restore, real workers -----------------------------------------------------


@pytest.fixture
def yesterday(sandbox, mail_server, settings, tmp_path):
    """A cohort that is set up, its e-mails due; then the backup, and a day of work after it."""
    made = make_cohort(groups=2, members=3, called="Old")
    join(sandbox, made.people)
    realize(made)
    work("discord", "calendar")
    Installation.objects.ensure(clock.now())
    long_ago = clock.now() - timedelta(days=2)
    Installation.objects.update(first_started_at=long_ago, quiet_before=long_ago)
    backup = dump(tmp_path)
    messages.collect_all()
    messages.send_emails()
    moved = made.people[1]
    Membership.objects.filter(user=moved).update(status="removed", left_at=clock.now())
    Membership.objects.create(user=moved, group=made.groups[1])
    later = make_cohort(groups=4, members=2, name="Autumn", called="New")
    join(sandbox, [*made.people, *later.people])
    realize(later)
    services.request_sync(made.ids)
    work("discord", "calendar")
    return backup


def live(settings) -> None:
    """A real worker's first minute."""
    passed = {name: getattr(settings, name) for name in MAIL}
    workers.finish(workers.start("discord", "calendar", calls="live", **passed))


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    "how",
    [
        "with actions pending",
        in_matrix("with --clean"),
        in_matrix("with Discord unreachable, or no action pending"),
    ],
)
def test_b3_a_restored_database_writes_and_sends_nothing_until_staff_answer(
    sandbox,
    mail_server,
    settings,
    yesterday,
    how,
):
    sent = sorted(mail_server.recipients)
    assert sent
    with restored(yesterday, clean=how == "with --clean"):
        if how == "with actions pending":
            services.resync("discord")
            services.resync("calendar")
        if how.startswith("with Discord unreachable"):
            sandbox.set_faults({"kind": "error", "status": 503, "service": "discord"})
        seen = sandbox.last
        live(settings)
        live(settings)

        assert sandbox.writes(since=seen) == []
        assert sorted(mail_server.recipients) == sent
        assert Message.objects.filter(state="pending").count() >= len(sent)

        answer_as(staff_client(), "original")
        sandbox.set_faults()
        GroupSync.objects.update(next_at=clock.now())
        live(settings)
        assert sorted(mail_server.recipients) == sent  # listed, and not sent a second time
        unsure = Message.objects.filter(state="unsure", channel="email")
        assert sorted(unsure.values_list("user__email", flat=True)) == sent
        names = set(Group.objects.values_list("name", flat=True))
        assert names == {"Old 1", "Old 2"}
        assert {row.issue for row in GroupSync.objects.filter(provider="discord")} <= {"", "moved"}


def staff_client() -> Client:
    client = Client()
    client.force_login(User.objects.create_superuser("olga@example.org", name="Olga"))
    return client


def answer_as(client: Client, word: str) -> None:
    page = client.get(reverse("sync:decide")).content.decode()
    assert "This database was restored from a backup, or copied." in page
    assert client.post(reverse("sync:decide"), {"word": word}).status_code == 302
    assert not is_restored()


# -- while the seal is broken ----------------------------------------------------------------------


@pytest.mark.matrix
@pytest.mark.django_db
@pytest.mark.usefixtures("only_discord")
def test_b3_a_dated_end_waits_for_the_answer_too_and_the_log_says_so_every_hour(sandbox, caplog):
    made = make_cohort(groups=1, members=3)
    join(sandbox, made.people)
    realize(made)
    work("discord")
    call_command("mark_restored", stdout=StringIO())
    Membership.objects.filter(user=made.people[2]).update(status="removed", left_at=clock.now())
    services.request_sync(made.ids)
    seen = sandbox.last
    work("discord")
    assert sandbox.writes(since=seen) == []
    assert GroupSync.objects.get(group=made.groups[0], provider="discord").issue == "restored"

    now = clock.now()
    with caplog.at_level(logging.ERROR):
        for minutes in (0, 1, 59, 61, 62, 130):
            ownership.watch_ownership(now + timedelta(minutes=minutes))
    assert caplog.text.count("Nothing is changed or sent.") == 3

    ownership.accept_as_original()
    caplog.clear()
    ownership.watch_ownership(now + timedelta(days=1))
    work("discord")
    assert caplog.records == []
    assert [call["method"] for call in sandbox.writes(since=seen)] == ["DELETE"]


# -- what staff answer -----------------------------------------------------------------------------


@pytest.mark.django_db
@pytest.mark.usefixtures("only_discord")
def test_b12_another_server_is_asked_about_and_its_records_do_not_count(sandbox, settings):
    made = make_cohort(groups=1)
    join(sandbox, made.people)
    realize(made)
    work("discord")
    settings.DISCORD_GUILD_ID += 1
    add_member(made.groups[0])
    services.resync("discord")
    tasks.sweep()
    assert ownership.find_question().moved == {"discord": str(settings.DISCORD_GUILD_ID - 1)}
    asked = ProviderState.objects.get(provider="discord")  # the new server has no state of its own
    assert asked.scope == str(settings.DISCORD_GUILD_ID - 1)

    settings.DISCORD_GUILD_ID -= 1  # it was a mistake
    assert not ownership.find_question()
    assert DiscordObject.objects.filter(outside_id__isnull=False).count() >= 5

    settings.DISCORD_GUILD_ID += 1
    page = staff_client().get(reverse("sync:decide")).content.decode()
    assert f"everything was created in <strong>{settings.DISCORD_GUILD_ID - 1}</strong>" in page
    ownership.accept_as_original()
    assert not ownership.find_question()
    accepted = ProviderState.objects.get(provider="discord")
    assert (accepted.pk, accepted.scope) == (asked.pk, str(settings.DISCORD_GUILD_ID))
    assert not DiscordObject.objects.exists()
    assert GroupSync.objects.get(provider="discord").ready_at is None
