"""What a backup is of: a JSON file beside the dump, which is checked before a restore."""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, fields
from datetime import datetime
from pathlib import Path

from django.conf import settings
from django.db import connection
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder
from django.db.models import Max

import lens
from cohorts.models import Installation
from cohorts.reconcile.models import ProviderState, SyncAction
from lens.backups.pg_programs import BackupRefused, server_version


@dataclass(frozen=True)
class Manifest:
    """`version`: of the code that made the backup; the database may be of an older one. `scopes`:
    the Discord server and the calendar that the records are about. `last_call`: when Lens last
    changed something there. `sha256`: of the dump."""

    version: str
    installation: str
    scopes: dict[str, str]
    last_call: str
    taken_at: str
    postgresql: int
    migrations: list[str]
    sha256: str = ""

    def write(self, dump: Path) -> None:
        text = json.dumps(asdict(self), indent=1)
        manifest_path(dump).write_text(text + "\n", encoding="utf-8")


def manifest_path(dump: Path) -> Path:
    return dump.with_suffix(".json")


def describe_database(now: datetime) -> Manifest:
    """Return the manifest of the present database.  Raises BackupRefused on SQLite."""
    postgresql = server_version()
    last = SyncAction.objects.aggregate(last=Max("at"))["last"]
    row = Installation.objects.filter(pk=1).first()
    return Manifest(
        version=lens.__version__,
        installation=row.installation_id if row else settings.INSTALLATION_ID,
        scopes=dict(ProviderState.objects.values_list("provider", "scope")),
        last_call=last.isoformat() if last else "",
        taken_at=now.isoformat(),
        postgresql=postgresql,
        migrations=read_applied(),
    )


def read_applied() -> list[str]:
    """Return the migrations of the present database."""
    return name_all(MigrationRecorder(connection).applied_migrations())


def find_newer(migrations: Iterable[str]) -> list[str]:
    """Return those of installed apps that this version's code lacks."""
    loader = MigrationLoader(None)
    replaced = {old for one in loader.disk_migrations.values() for old in one.replaces}
    unknown = set(migrations) - set(name_all([*loader.disk_migrations, *replaced]))
    return sorted(name for name in unknown if name.partition(".")[0] in loader.migrated_apps)


def name_all(migrations: Iterable[tuple[str, str]]) -> list[str]:
    return sorted(f"{app}.{name}" for app, name in migrations)


def read_manifest(dump: Path) -> Manifest:
    """Return the manifest of a dump that is complete.  Raises BackupRefused."""
    try:
        read = json.loads(manifest_path(dump).read_text(encoding="utf-8"))
        manifest = Manifest(**{one.name: read[one.name] for one in fields(Manifest)})
        is_whole = hash_file(dump) == manifest.sha256
    except OSError as error:
        raise BackupRefused(
            f"{error.filename} cannot be read ({error.strerror}). A backup consists of two files, "
            ".dump and .json, in one folder."
        ) from error
    except (ValueError, KeyError, TypeError) as error:
        raise BackupRefused(f"{manifest_path(dump)} is no manifest of a backup.") from error
    if not is_whole:
        raise BackupRefused(f"{dump} is incomplete or was changed. Use another backup.")
    return manifest


def hash_file(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
