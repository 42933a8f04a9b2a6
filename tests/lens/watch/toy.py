"""A provider in which every group is ready.  While a file exists, observing takes its time, or
fails if the file says so."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import Any

from cohorts.reconcile.values import Finding, Plan, Policy, ProviderSpec, Review
from tests.support.in_memory import LinkProvider, LinkState

HOLD = "TOY_HOLD"  # names the file
FAIL = "fail"


class ToyProvider(LinkProvider):
    def __init__(self) -> None:
        super().__init__()
        self.spec = ProviderSpec("toy", "Toy", lanes=(), scope="toys")

    async def observe(self, client: Any, snapshot: Any) -> Finding:
        file = Path(os.environ[HOLD])
        if file.exists() and file.read_text(encoding="ascii") == FAIL:
            raise RuntimeError("the toy is broken")
        while file.exists():
            await asyncio.sleep(0.02)
        return Finding(LinkState())

    def plan(self, desired: Any, observed: LinkState, policy: Policy) -> Plan:
        return Plan()

    def review(self, *facts: Any) -> Review:
        return Review(ready=True)
