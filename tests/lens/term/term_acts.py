"""What staff and learners do in the term, all of it over HTTP."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from cohorts.models import Cohort, Group, Membership, User
from guestvisits.models import Substitution
from meetings.models import Meeting
from tests.lens.sign_in.conftest import Walk
from tests.lens.term.staff_pages import Page, open_page
from tests.lens.term.term_world import BERLIN, TermWorld
from tests.support.roster import make_file

FIRST_ACCOUNT = 300000000000000000
STEPS = "/admin/cohorts/cohort/{cohort}/steps/{kind}/"
REMOVALS = "/admin/discordsync/discordobject/removals/"


def address_of(name: str) -> str:
    return f"{name.lower().replace(' ', '.')}@example.org"


def meeting_of(group: str, number: int) -> Meeting:
    return Meeting.objects.get(group__name=group, number=number)


@dataclass
class Staff:
    """Olga at the admin's pages."""

    world: TermWorld
    client: Client

    def _open(self, address: str, data: dict[str, Any] | None = None) -> Page:
        page = open_page(self.client, address, data)
        assert page.answer.status_code == 200, page.words
        return page

    def _cohort(self, name: str) -> int:
        return Cohort.objects.get(name=name).pk

    # -- people and groups -------------------------------------------------------------------

    def import_roster(self, rows: list[dict[str, str]]) -> None:
        file = SimpleUploadedFile("roster.csv", make_file(*rows).encode())
        preview = self._open(reverse("admin:cohorts_cohort_roster"), {"file": file})
        done = preview.send("confirmed")
        assert "Imported roster.csv" in done.text, done.words

    def add_person(self, name: str, group: str) -> None:
        page = self._open("/admin/cohorts/membership/add-person/")
        where = Group.objects.get(name=group).pk
        done = page.send("address", name=name, address=address_of(name), group=where)
        assert f"{name} is added to {group}." in done.text, done.words

    def end_membership(self, name: str, group: str, status: str) -> None:
        member = Membership.objects.get(user__name=name, group__name=group)
        page = self._open(f"/admin/cohorts/membership/{member.pk}/end/")
        done = page.send("why", status=status)
        assert done.answer.status_code == 200, done.words

    def change_cohort(self, name: str, **fields: Any) -> None:
        page = self._open(f"/admin/cohorts/cohort/{self._cohort(name)}/change/")
        done = page.send("archive_days", **fields)
        assert "was changed successfully" in done.text, done.words

    # -- realizing ---------------------------------------------------------------------------

    def plan(self, name: str) -> Page:
        """The plan, as it is once a worker has answered."""
        asked = open_page(self.client, reverse("sync:plan_cohort", args=[self._cohort(name)]), {})
        self.world.work()
        return self._open(asked.address)

    def realize(self, name: str) -> None:
        self._open(f"{self.plan(name).address}confirm/", {})

    # -- steps -------------------------------------------------------------------------------

    def preview(self, cohort: str, kind: str, **fields: Any) -> Page:
        page = self._open(STEPS.format(cohort=self._cohort(cohort), kind=kind))
        form = {name: value for name, value in fields.items() if value is not None}
        having = next(iter(form))
        shown = page.send(having, do="preview", **form)
        assert shown.answer.status_code == 200, shown.words
        return shown

    def confirm(self, shown: Page) -> Page:
        """Confirm a preview; the page of the step."""
        done = shown.send("seen", do="confirm")
        assert "/steps/" in done.address, done.words
        assert done.answer.status_code == 200, done.words
        return done

    def skip(self, cohort: str, first: str, last: str, *, how: str, reason: str) -> Page:
        dates = {"first": first, "last": last, "how": how, "reason": reason}
        return self.confirm(self.preview(cohort, "break", **dates))

    def merge(self, cohort: str, source: str, target: str) -> Page:
        pks = dict(Group.objects.values_list("name", "pk"))
        asked = {"source": pks[source], "target": pks[target], "facilitators_come": "on"}
        return self.confirm(self.preview(cohort, "merge", **asked))

    def end(self, cohort: str, *groups: str, status: str = "completed", reason: str = "") -> Page:
        pks = dict(Group.objects.values_list("name", "pk"))
        asked: dict[str, Any] = {"status": status, "reason": reason}
        if groups:
            asked["groups"] = [pks[group] for group in groups]
        return self.confirm(self.preview(cohort, "end", **asked))

    def undo(self, step: Page) -> None:
        """Press Undo on the page of a step that waits."""
        done = self._open(step.address, {})
        assert "Undone. Nothing was changed" in done.text, done.words

    def take_back(self, step: Page) -> Page:
        """Follow the link on the page of a step that was carried out, and confirm."""
        page = self._open(step.address)
        found = re.search(r'href="(/admin/cohorts/cohort/\d+/steps/\w+/\?step=\d+)"', page.text)
        assert found, page.words
        shown = self._open(found[1]).send("step", do="preview")
        assert shown.answer.status_code == 200, shown.words
        return self.confirm(shown)

    # -- removal -----------------------------------------------------------------------------

    def remove_all(self, cohort: str) -> int:
        """Review what is due of a cohort and approve it as the page proposes; the number."""
        asked = self._open(REMOVALS, {"cohort": self._cohort(cohort)})
        self.world.work()
        page = self._open(asked.address)
        chosen = dict(re.findall(r'name="(object-[^"]+)" value="(\w+)" checked', page.text))
        done = self._open(asked.address, chosen)
        assert "will be removed within a minute or two" in done.text, done.words
        return len(chosen)


@dataclass
class Learner:
    """Someone's browser; the account at Discord has the same address as the roster."""

    world: TermWorld
    name: str

    def __post_init__(self) -> None:
        self.person = User.objects.get(name=self.name)
        self.walk = Walk(self.world.sandbox)

    @property
    def account(self) -> int:
        return FIRST_ACCOUNT + self.person.pk

    def sign_in(self) -> None:
        """Sign in with Discord, which tells Lens the account."""
        self.world.sandbox.post(
            "account",
            {
                "id": str(self.account),
                "username": self.name.lower().replace(" ", "."),
                "email": self.person.email,
                "verified": True,
            },
        )
        self.walk.sign_in(self.account)
        assert self.walk.name == self.name

    def join_server(self) -> None:
        """Press “Join the server” and consent at Discord."""
        answer = self.walk.client.post("/sign-in/discord/join/")
        assert answer.status_code == 302, answer.content.decode()
        back = self.walk.choose(answer.headers["Location"], self.account)
        page = self.walk.client.get(back, follow=True).content.decode()
        assert "You have joined the server." in page, page

    def _client(self) -> Client:
        if self.walk.name != self.name:
            self.walk.client.force_login(self.person)  # a session from an earlier day
        return self.walk.client

    def _call(self, address: str, body: dict[str, Any]) -> None:
        answer = self._client().post(address, json.dumps(body), content_type="application/json")
        assert answer.status_code in {200, 201}, answer.content.decode()

    def answer(self, group: str, number: int, rsvp: str) -> None:
        self._call(f"/api/meetings/{meeting_of(group, number).pk}/answer", {"rsvp": rsvp})

    def visit(self, host: str, number: int, *, home: str) -> None:
        meetings = {
            "home_meeting_id": meeting_of(home, number).pk,
            "host_meeting_id": meeting_of(host, number).pk,
        }
        self._call("/api/guest-visits", meetings)

    def join_group(self, group: str) -> None:
        self._call("/api/groups/joinable", {"group_id": Group.objects.get(name=group).pk})

    def cannot_lead(self, group: str, number: int) -> None:
        meeting = meeting_of(group, number)
        address = f"/groups/{meeting.group_id}/meetings/{meeting.pk}/substitute/"
        assert self._client().post(address).status_code == 302

    def lead_instead(self) -> None:
        found = Substitution.objects.get(ended_at=None)
        answer = self._client().post(f"/substitutes/{found.pk}/lead/")
        assert answer.status_code == 302, answer.content.decode()

    def mark_present(self, group: str, number: int, name: str) -> None:
        meeting, person = meeting_of(group, number), User.objects.get(name=name)
        address = f"/groups/{meeting.group_id}/meetings/{meeting.pk}/presence/{person.pk}/"
        page = open_page(self._client(), address, {"presence": "present"})
        assert page.answer.status_code == 200, page.words
        assert f"corrected by {self.name}" in page.text, page.words

    def page(self, address: str = "/meetings/") -> str:
        answer = self._client().get(address)
        assert answer.status_code == 200
        return str(answer.content.decode())


def when(day: int, month: int, hour: int, minute: int = 0) -> datetime:
    """A moment of the term on Berlin's clock."""
    return datetime(2027, month, day, hour, minute, tzinfo=BERLIN)
