"""The sandbox: its services and everything that is added to them."""

import asyncio
import logging
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TextIO

from lens.sandbox.clock import Clock, as_timedelta
from lens.sandbox.errors import SandboxError
from lens.sandbox.faults.faults import Faults
from lens.sandbox.journal import Call, Journal, as_line
from lens.sandbox.limits import Limits
from lens.sandbox.service import Service
from lens.sandbox.statefile import broken, read_state, write_state

log = logging.getLogger(__name__)

# Seconds after which a change is saved, together with later ones.
SAVE_AFTER = 0.5


class Sandbox:
    """Everything that one server holds. It belongs to one event loop and is only used from there.

    Raises SandboxError if the state file cannot be used, or belongs to services with other ids.
    """

    def __init__(
        self,
        services: Sequence[Service],
        *,
        clock: Clock,
        state_file: Path | None = None,
        record: Path | None = None,
    ) -> None:
        self.services = services
        self.identity = {name: id_ for each in services for name, id_ in each.identity.items()}
        self.clock = clock
        self.journal = Journal()
        self.faults = Faults(services)
        self.limits = Limits(services)
        self.generation = 0
        self._problems: dict[str, str] = {}
        self._state_file = state_file
        self._saving: asyncio.TimerHandle | None = None
        self._unsaved = False
        self._recordings = open_recordings(record, services)
        if state_file and (state := read_state(state_file)):
            self._load(state_file, state)

    @property
    def problem(self) -> str | None:
        """What cannot be written to disk at present, as sentences."""
        return " ".join(self._problems.values()) or None

    def service_for(self, path: str) -> Service | None:
        return next((service for service in self.services if service.owns(path)), None)

    def advance(self) -> None:
        for service in self.services:
            service.advance()

    def release_calls(self) -> None:
        """End the calls that faults hold. They have no effect any more."""
        self.generation += 1
        self.faults.replace([])

    def reset(self) -> None:
        """Return to the initial, empty state."""
        self.release_calls()
        self.limits.reset()
        self.journal.reset()
        self.clock.reset()
        for service in self.services:
            service.reset()
        self.changed()

    def describe(self) -> dict[str, Any]:
        return {
            **self.clock.describe(),
            **{service.name: service.dump() for service in self.services},
            "faults": self.faults.describe(),
            "limits": self.limits.describe(),
            "last_call": self.journal.last,
            "trouble": self.problem,
        }

    def finish(self, call: Call) -> None:
        """Store a finished call in the journal and, if requested, in the recording."""
        self.limits.note_answer(call)
        self.journal.finish(call)
        if call.service in self._recordings:
            self._attempt("record", lambda: self._record(call))

    def changed(self) -> None:
        """Save soon, if there is a state file."""
        self._unsaved = True
        if self._state_file and self._saving is None:
            loop = asyncio.get_running_loop()
            self._saving = loop.call_later(SAVE_AFTER, self.save)

    def save(self) -> None:
        """Write the state file if anything changed.

        A failure is reported and the sandbox continues.
        """
        if self._saving is not None:
            self._saving.cancel()
            self._saving = None
        # Never write without a change: a sandbox that could not start must not touch another's
        # file.
        if self._state_file and self._unsaved:
            path = self._state_file
            self._attempt("save", lambda: self._write(path))

    def close(self) -> None:
        """Save, and close the recordings."""
        self.save()
        for recording in self._recordings.values():
            recording.close()

    def _attempt(self, what: str, write: Callable[[], None]) -> None:
        """Write, or log the problem once and continue."""
        try:
            write()
        except SandboxError as error:
            if self._problems.get(what) != str(error):
                log.error("%s", error)
            self._problems[what] = str(error)
        else:
            self._problems.pop(what, None)

    def _write(self, path: Path) -> None:
        services = {service.name: service.dump() for service in self.services}
        offset = self.clock.offset.total_seconds()
        state = {"identity": self.identity, "offset_seconds": offset, "worlds": services}
        write_state(path, state)
        self._unsaved = False

    def _record(self, call: Call) -> None:
        try:
            self._recordings[call.service].write(as_line(call))
        except OSError as error:
            name = self._recordings[call.service].name
            raise SandboxError(
                f"A call could not be recorded in {name}: {error.strerror}."
            ) from error

    def _load(self, path: Path, state: dict[str, Any]) -> None:
        self._check_identity(path, state.get("identity"))
        try:
            self.clock.offset = as_timedelta(state["offset_seconds"])
            for service in self.services:
                service.load(state["worlds"][service.name])
        except (LookupError, TypeError, ValueError, AttributeError) as error:
            raise broken(path, f"{type(error).__name__}: {error}") from error

    def _check_identity(self, path: Path, identity: Any) -> None:
        if identity != self.identity:
            raise SandboxError(
                f"The state file {path} belongs to {describe_identity(identity)}, and this sandbox "
                f"is {describe_identity(self.identity)}. Nothing was changed. Set the same IDs as "
                "before, move the file away to start over, or choose another with --state."
            )


def describe_identity(identity: Any) -> str:
    if not isinstance(identity, dict) or not identity:
        return "an unnamed sandbox"
    return ", ".join(f"{name} {value}" for name, value in identity.items())


def open_recordings(folder: Path | None, services: Sequence[Service]) -> dict[str, TextIO]:
    """Open one file per service, because each is checked against its own API description."""
    if folder is None:
        return {}
    try:
        folder.mkdir(parents=True, exist_ok=True)
        # Line-buffered, so that a recording is complete even if the process ends.
        return {
            service.name: (folder / f"{service.name}.jsonl").open(
                "a", encoding="utf-8", buffering=1
            )
            for service in services
        }
    except OSError as error:
        raise SandboxError(f"Nothing can be recorded in {folder}: {error.strerror}.") from error
