"""What runs beside mirrors and workers and should be heard, for the staff's start page.

It is known on higher floors only: settings.COMPANIONS names functions `() -> Companion | None`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.utils.module_loading import import_string

from cohorts.sync.words import Standing


@dataclass(frozen=True, slots=True)
class Companion:
    """Something that runs: its name, how it stands, and when it was heard last (real time)."""

    title: str
    standing: Standing
    heard_at: datetime | None = None


def see_companions() -> list[Companion]:
    found = (import_string(path)() for path in settings.COMPANIONS)
    return [companion for companion in found if companion is not None]
