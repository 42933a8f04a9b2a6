"""Read and write the sandbox's state file, with which its state survives a restart."""

import contextlib
import json
import os
import tempfile
from pathlib import Path
from typing import Any

from lens.sandbox.errors import SandboxError

FORMAT = 1


def read_state(path: Path) -> dict[str, Any] | None:
    """Return the state in a file, or None if there is no file; raise SandboxError."""
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        raise SandboxError(f"The state file {path} cannot be read: {error}.") from error
    try:
        state = json.loads(text)
    except ValueError as error:
        raise broken(path, str(error)) from error
    if not isinstance(state, dict) or state.get("format") != FORMAT:
        raise broken(path, f"its “format” is not {FORMAT}")
    return state


def broken(path: Path, why: str) -> SandboxError:
    return SandboxError(
        f"The state file {path} does not hold a sandbox's state ({why}). Nothing was changed. "
        "Move it away to start over, or choose another file with --state."
    )


def write_state(path: Path, state: dict[str, Any]) -> None:
    """Replace the file atomically; raise SandboxError and leave the file unchanged."""
    try:
        _replace(path, json.dumps({"format": FORMAT, **state}))
    except OSError as error:
        raise SandboxError(
            f"The state could not be saved to {path} ({error.strerror or error}). "
            "The sandbox continues in memory, and the file keeps the last saved state."
        ) from error


def _replace(path: Path, text: str) -> None:
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        os.replace(name, path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(name)
        raise
