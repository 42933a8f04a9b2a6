"""Databases that were migrated by an earlier form of a migration get the schema of a fresh one."""

from __future__ import annotations

import psycopg
import pytest

from tests.support.databases import migrate, scratch_database

pytestmark = pytest.mark.django_db

SCHEMA = """
    SELECT table_name, column_name, data_type, is_nullable, column_default
        FROM information_schema.columns WHERE table_schema = 'public'
    UNION ALL SELECT tablename, indexname, indexdef, '', '' FROM pg_indexes
        WHERE schemaname = 'public'
    UNION ALL SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid), '', ''
        FROM pg_constraint WHERE connamespace = 'public'::regnamespace
"""

# What the earlier form of 0003_voice made, beside what it makes today.
EARLIER = """
    DROP INDEX voice_watch_once;
    ALTER TABLE discordsync_voicewatch ADD CONSTRAINT voice_watch_once UNIQUE (ear, channel_id);
    CREATE INDEX discordsync_voicewatch_heard_until_5ab1c0de ON discordsync_voicewatch (heard_until)
"""
# The migration that followed it and is no longer there made the constraint conditional.
FOLLOWED = """
    ALTER TABLE discordsync_voicewatch DROP CONSTRAINT voice_watch_once;
    CREATE UNIQUE INDEX voice_watch_once ON discordsync_voicewatch (ear, channel_id)
        WHERE NOT (ear = '');
    INSERT INTO django_migrations (app, name, applied)
        VALUES ('discordsync', '0004_voice_watch_ends', now())
"""


FORMS = pytest.mark.parametrize(
    "forms",
    [
        pytest.param([EARLIER], id="first"),
        pytest.param([EARLIER, FOLLOWED], id="second"),
    ],
)


def read_schema(url: str) -> set[tuple[str, ...]]:
    with psycopg.connect(url) as opened:
        return set(opened.execute(SCHEMA))


@pytest.mark.matrix
@FORMS
def test_o3_a_database_of_an_earlier_form_is_upgraded_to_the_schema_of_a_fresh_one(
    forms: list[str],
) -> None:
    with scratch_database() as url:
        migrate(url, "cohorts", "0005")
        migrate(url, "discordsync", "0003")
        with psycopg.connect(url) as opened:
            for statement in ";".join(forms).split(";"):
                opened.execute(statement)
        migrate(url)
        upgraded = read_schema(url)
    with scratch_database() as fresh:
        migrate(fresh)
        assert upgraded == read_schema(fresh)
