"""The ways in which Google may treat exceptions, ETags and e-mails: our tests hold in each.

Each test with a calendar runs as Google is expected to behave (USUAL). With `in_pairs` it also runs
among the matrices in the other rows of PAIRS, in which each two values meet at least once. Without
the mark it does so in `make modes`.
"""

from __future__ import annotations

from typing import NamedTuple

import pytest

EXCEPTIONS = ("left_alone", "overwritten", "merged")
ETAGS = ("family", "own")
MAILS = ("everybody", "concerned")


class GoogleMode(NamedTuple):
    """Values of the sandbox's settings of the same names."""

    exceptions: str
    etags: str
    mails: str


PAIRS = (
    GoogleMode("left_alone", "family", "everybody"),
    GoogleMode("left_alone", "own", "concerned"),
    GoogleMode("overwritten", "family", "concerned"),
    GoogleMode("overwritten", "own", "everybody"),
    GoogleMode("merged", "family", "everybody"),
    GoogleMode("merged", "own", "concerned"),
)
USUAL = PAIRS[0]

in_pairs = pytest.mark.in_pairs


def run_in_modes(metafunc: pytest.Metafunc) -> None:
    """Repeat a test that asks for `google_mode`, also through another fixture, in each mode."""
    if "google_mode" in metafunc.fixturenames:
        is_scenario = metafunc.definition.get_closest_marker("in_pairs")
        mark = pytest.mark.matrix if is_scenario else pytest.mark.modes
        cases = [
            pytest.param(mode, id="-".join(mode), marks=() if mode == USUAL else mark)
            for mode in PAIRS
        ]
        metafunc.parametrize("google_mode", cases)
