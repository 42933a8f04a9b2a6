"""How commands are called, and a worker beside them."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass

import pytest
from django.core.management import CommandError, call_command


@dataclass(frozen=True)
class Said:
    """What a command printed, and how it ended."""

    out: str
    err: str
    status: int
    refusal: str = ""


Call = Callable[..., Said]


@pytest.fixture
def call() -> Call:
    """Call a command as from a shell: a CommandError is its last line and its exit status."""

    def call(*words: object, **options: object) -> Said:
        out, err = io.StringIO(), io.StringIO()
        try:
            call_command(*map(str, words), stdout=out, stderr=err, **options)
        except CommandError as error:
            return Said(out.getvalue(), err.getvalue(), error.returncode, str(error))
        return Said(out.getvalue(), err.getvalue(), 0)

    return call
