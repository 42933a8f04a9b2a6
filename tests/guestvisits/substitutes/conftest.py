from datetime import datetime, timedelta

import pytest

from cohorts.models import AccessState, User
from tests.support.academy import Academy

FIRST_ID = 200000000000000000


class SubstituteWorld:
    """Group A, led by Fay; facilitators of other groups who could lead its first meeting."""

    def __init__(self, now: datetime, *, helpers: int = 4) -> None:
        self.now = now.replace(hour=12)
        self.academy = Academy(self.now, groups="ABCD")
        self.fay = self.lead("Fay", "A")
        self.helpers = [self.lead(f"Helper {n}", "C") for n in range(helpers)]
        self.meeting = self.academy.meeting("A")

    def lead(self, name: str, group: str, **fields) -> User:
        number = User.objects.count()
        person = self.academy.add_facilitator(name, group, discord_id=FIRST_ID + number, **fields)
        AccessState.objects.create(
            user=person, group=self.academy.groups[group], provider="discord", state="granted"
        )
        return person

    def before(self, **left: float) -> datetime:
        return self.meeting.starts_at - timedelta(**left)


@pytest.fixture
def now() -> datetime:
    """A fixed day far from clock changes; receivers ask the clock, so it is in the future."""
    from datetime import UTC

    return datetime.now(UTC).replace(hour=12, minute=0, second=0, microsecond=0)


@pytest.fixture
def world(db: None, now: datetime) -> SubstituteWorld:
    return SubstituteWorld(now)
