"""Every way in which Google may treat exceptions and mails: our tests hold in each.

An ordinary run tries each way of either; `-m matrix` adds the other pairs.
"""

from __future__ import annotations

import itertools

import pytest

EXCEPTIONS = ("left_alone", "overwritten", "merged")
MAILS = ("everybody", "concerned")
SAMPLE = {("left_alone", "everybody"), ("overwritten", "concerned"), ("merged", "everybody")}

in_every_mode = pytest.mark.parametrize(
    ("exceptions", "mails"),
    [
        pytest.param(*pair, marks=() if pair in SAMPLE else pytest.mark.matrix)
        for pair in itertools.product(EXCEPTIONS, MAILS)
    ],
)
