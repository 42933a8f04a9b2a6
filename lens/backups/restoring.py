"""The restore of a backup.  What the database had before is kept until the restore is complete."""

from pathlib import Path

from django.db import ProgrammingError, connection, transaction

from lens.backups.manifest import Manifest, find_newer, read_manifest
from lens.backups.pg_programs import BackupRefused, find_program, run_program, server_version

ASIDE = "before_restore"  # the schema that holds the former tables meanwhile


def restore(dump: Path, *, replace: bool) -> Manifest:
    """Restore a backup into Lens's database.  Raises BackupRefused; then nothing has changed."""
    here = server_version()
    manifest = read_manifest(dump)
    check_versions(manifest, here)
    program = find_program("pg_restore", least=manifest.postgresql)
    check_target(replace)
    _put_aside()
    try:
        wrong = run_program(
            program,
            "--single-transaction",
            "--exit-on-error",
            "--no-owner",
            "--no-privileges",
            "--schema=public",
            str(dump),
        )
    except BaseException:  # also when the command is ended
        _put_back()
        raise
    if wrong:
        _put_back()
        raise BackupRefused(f"pg_restore failed: {wrong}. The database is as it was before.")
    connection.close()  # a new one: the server may have cut this one off during a long restore
    _execute(f"DROP SCHEMA {ASIDE} CASCADE")
    return manifest


def check_versions(manifest: Manifest, here: int) -> None:
    """Raise BackupRefused if this version of Lens or PostgreSQL is older than the backup's."""
    if find_newer(manifest.migrations):
        raise BackupRefused(
            f"The backup is of Lens {manifest.version}, which is newer than this version. Install "
            "that version, then restore."
        )
    if manifest.postgresql > here:
        raise BackupRefused(
            f"The backup is of PostgreSQL {manifest.postgresql}; this server has version {here}. "
            "Restore it into a server of that version or a newer one."
        )


def check_nothing_aside() -> None:
    """Raise BackupRefused if a restore has put the former tables aside, and did not end."""
    if connection.vendor == "postgresql" and _read(
        "SELECT 1 FROM pg_namespace WHERE nspname = %s", ASIDE
    ):
        raise BackupRefused(
            f"A restore was interrupted, or still runs. The schema {ASIDE} has the tables from "
            "before it; do not drop it. docs/operations.md, “Restoring a backup”, says how to go "
            "on."
        )


def check_target(replace: bool) -> None:
    """Raise BackupRefused if the database is in use, or has tables and may not be replaced."""
    check_nothing_aside()
    if connection.introspection.table_names() and not replace:
        raise BackupRefused(
            "The database has tables already. Restore into a new, empty database, or add "
            "--replace, which deletes all that it has now."
        )
    others = _read(
        "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() "
        "AND backend_type = 'client backend' AND pid <> pg_backend_pid()"
    )
    if others:
        raise BackupRefused(
            f"{len(others)} other connections use the database. Stop web, workers and bot first."
        )


def _put_aside() -> None:
    try:
        _execute(f"ALTER SCHEMA public RENAME TO {ASIDE}", "CREATE SCHEMA public")
    except ProgrammingError as error:
        raise BackupRefused(
            "The user in DATABASE_URL must own the database. As an administrator: ALTER DATABASE "
            "… OWNER TO that user."
        ) from error


def _put_back() -> None:
    connection.close()  # as above
    _execute("DROP SCHEMA public CASCADE", f"ALTER SCHEMA {ASIDE} RENAME TO public")


def _execute(*statements: str) -> None:
    """Run statements in one transaction."""
    with transaction.atomic(), connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)


def _read(query: str, *values: str) -> list[tuple[object, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(query, values or None)
        return cursor.fetchall()
