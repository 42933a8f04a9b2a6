"""Inside the block nothing is changed, however it is tried."""

from __future__ import annotations

import pytest
from django.db import InternalError, connection, transaction

from cohorts.models import User
from lens.view_as.read_only import WriteRefused, is_refused_write, read_only

pytestmark = pytest.mark.django_db


@pytest.fixture
def ana() -> User:
    return User.objects.create_user("ana@example.org", name="Ana")


def execute(sql: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql)


def test_rows_are_read_also_in_a_transaction_of_its_own(ana):
    with read_only(), transaction.atomic():
        assert User.objects.get().name == "Ana"
        assert [each.name for each in User.objects.iterator()] == ["Ana"]


@pytest.mark.parametrize(
    "change",
    [
        lambda ana: ana.save(),
        lambda ana: ana.delete(),
        lambda _: User.objects.create(name="Bob"),
        lambda _: User.objects.bulk_create([User(name="Bob")]),
        lambda _: execute("/* SELECT */ UPDATE cohorts_user SET name = 'B'"),
        lambda _: execute("WITH x AS (DELETE FROM cohorts_user RETURNING id) SELECT id FROM x"),
        lambda _: execute("SET TRANSACTION READ WRITE"),
    ],
)
def test_a_statement_that_changes_something_is_refused_before_the_database_gets_it(ana, change):
    with pytest.raises(WriteRefused) as refused, read_only():
        change(ana)
    assert is_refused_write(refused.value)
    assert "ana@example.org" not in str(refused.value)
    assert User.objects.get().name == "Ana"


@pytest.mark.parametrize(
    "change",
    [
        lambda: connection.connection.execute("UPDATE cohorts_user SET name = 'Bob'"),
        lambda: execute("SELECT nextval('cohorts_user_id_seq')"),
        lambda: User.objects.select_for_update().get(),
    ],
)
def test_postgresql_refuses_what_the_statement_does_not_show(ana, change):
    with pytest.raises(Exception, match="read-only transaction") as refused, read_only():
        change()
    if isinstance(refused.value, InternalError):
        assert is_refused_write(refused.value)
    assert User.objects.get().name == "Ana"


def test_what_would_run_after_the_commit_does_not_run(django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks() as callbacks, read_only():
        transaction.on_commit(lambda: None)
    assert callbacks == []


def test_afterwards_rows_can_be_changed_again(ana):
    with read_only():
        pass
    with pytest.raises(ValueError, match="broken"), read_only():
        raise ValueError("broken")
    User.objects.update(name="Anna")
    assert User.objects.get().name == "Anna"
