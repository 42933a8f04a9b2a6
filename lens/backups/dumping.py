"""Backups: one dump and its manifest, written under another name until both are complete."""

import time
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from lens.backups.manifest import Manifest, describe_database, hash_file, manifest_path
from lens.backups.pg_programs import BackupRefused, find_program, run_program

DAY = 24 * 3600  # seconds


def back_up(folder: Path, now: datetime) -> Path:
    """Write a backup into a folder.  Return the dump's path.  Raises BackupRefused.

    The dump shows the database at one moment, whatever is written meanwhile.
    """
    manifest = describe_database(now)
    program = find_program("pg_dump", least=manifest.postgresql)
    path = folder / f"lens-{now:%Y%m%dT%H%M%S%f}.dump"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if path.exists():
            raise BackupRefused(f"{path} exists already.")
        _write(path, manifest, program)
    except OSError as error:
        raise BackupRefused(f"{folder} cannot be written: {error.strerror}.") from error
    return path


def _write(path: Path, manifest: Manifest, program: Path) -> None:
    unfinished = path.with_suffix(".part")
    try:
        unfinished.touch(mode=0o600)  # it contains everyone's data
        wrong = run_program(program, "--format=custom", f"--file={unfinished}")
        if wrong:
            raise BackupRefused(
                f"pg_dump failed: {wrong}. {path.parent} has only its former backups."
            )
        replace(manifest, sha256=hash_file(unfinished)).write(path)
        unfinished.rename(path)
    except OSError:
        manifest_path(path).unlink(missing_ok=True)
        raise
    finally:
        unfinished.unlink(missing_ok=True)


def delete_old(folder: Path, keep: int) -> list[Path]:
    """Delete all backups in a folder but the newest `keep`.  Return the deleted dumps.

    Also what an interrupted backup left, once it is a day old: it holds everyone's data.
    """
    for part in folder.glob("lens-*T*.part"):
        if time.time() - part.stat().st_mtime > DAY:
            part.unlink()
    old = sorted(folder.glob("lens-*T*.dump"), reverse=True)[keep:]
    for dump in old:
        dump.unlink()
        manifest_path(dump).unlink(missing_ok=True)
    return old
