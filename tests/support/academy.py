"""A small academy for tests: groups A, B, C … of one cohort, their people and their meetings.

    academy = Academy(now)
    alice = academy.add_member("Alice", "A")
    academy.add_facilitator("Bob", "B")
    host_meeting = academy.meeting("B", 3)

Week 1 lies three to six days after `now`: group B meets a day after group A, and so on; group E
again on the day of group A, some minutes later.  Slots are in UTC unless a zone is named.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, time, timedelta
from typing import Any

from cohorts.models import Cohort, Course, Group, Membership, User
from cohorts.signals import announced_together
from meetings.models import Meeting

DAYS = (3, 4, 5, 6)


class Academy:
    def __init__(
        self,
        now: datetime,
        *,
        groups: Iterable[str] = "ABC",
        meetings: int = 4,
        course: str = "Course",
        name: str = "Autumn",
        **cohort: Any,
    ) -> None:
        self.now = now
        self.cohort = Cohort.objects.create(
            course=Course.objects.get_or_create(name=course)[0],
            name=name,
            start_date=(now + timedelta(days=DAYS[0])).date(),
            number_of_meetings=meetings,
            **cohort,
        )
        with announced_together():  # their meetings are made once for all of them
            self.groups = {group: self._add_group(group, n) for n, group in enumerate(groups)}

    def _add_group(self, name: str, place: int) -> Group:
        first = self.now + timedelta(days=DAYS[place % len(DAYS)], minutes=place)
        return Group.objects.create(
            cohort=self.cohort,
            name=f"Group {name}",
            weekday=first.weekday(),
            start_time=time(first.hour, first.minute),
            status=Group.Status.ACTIVE,
            set_up_at=self.now - timedelta(days=30),
        )

    def add_person(self, name: str, **fields: Any) -> User:
        fields = {"name": name, "password": None, **fields}
        return User.objects.create_user(f"{name.replace(' ', '.')}@example.org", **fields)

    def add_member(self, name: str, group: str, **fields: Any) -> User:
        person = self.add_person(name, **fields)
        Membership.objects.create(user=person, group=self.groups[group])
        return person

    def add_facilitator(self, name: str, *groups: str, **fields: Any) -> User:
        person = self.add_person(name, **fields)
        for group in groups:
            Membership.objects.create(
                user=person, group=self.groups[group], role=Membership.Role.FACILITATOR
            )
        return person

    def meeting(self, group: str, number: int | None = 1) -> Meeting:
        return Meeting.objects.get(group=self.groups[group], number=number)
