"""What staff do on the admin's pages, as a browser does it: read a form, fill it in, send it."""

from __future__ import annotations

from collections.abc import Callable, Collection
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import requests

from lens.demo.local import ADMIN
from tests.chaos.people import MISSED, People, Subject
from tests.rights.forms import Request, requests_of

SIGN_IN = ("/sign-in/", "/admin/login/")
DROPPED = 4  # learners at most: others must be left to act
PAGES = 3  # a form, its preview, and once more because something has changed meanwhile
PERSON = (0, ADMIN)


class Staff:
    """One member of staff. What they do counts with what people do, who are told of it."""

    def __init__(self, people: People) -> None:
        self.people, self.chance, self.sql = people, people.chance, people.installation.sql

    def act(self) -> None:
        """Do one thing."""
        acts: list[Callable[[], bool]] = [
            self._move_meeting,
            self._move_meeting,
            self._cancel_or_restore,
            self._change_weekly_time,
            self._move_learner,
            self._drop_learner,
            self._check_now,
        ]
        act = self.chance.choice(acts)
        if act():
            self.people.done[f"staff{act.__name__}"] += 1

    # -- meetings ----------------------------------------------------------------------------

    def _move_meeting(self) -> bool:
        meeting, _, day = self._pick_meeting("status = 'scheduled'")
        time = self._pick_time()
        page = f"meetings/meeting/{meeting}/move/reschedule/"
        return self._send(page, {meeting}, day=day, time=time) and self._note(
            meeting,
            "SELECT m.id FROM meetings_meeting m JOIN cohorts_group g ON g.id = m.group_id"
            f" WHERE m.id = {meeting} AND m.status = 'scheduled'"
            f" AND m.starts_at = timestamp '{day} {time}' AT TIME ZONE g.timezone",
        )

    def _cancel_or_restore(self) -> bool:
        meeting, status, _ = self._pick_meeting("true")
        what = "cancel" if status == "scheduled" else "restore"
        now = "cancelled" if what == "cancel" else "scheduled"
        return self._send(f"meetings/meeting/{meeting}/move/{what}/", {meeting}) and self._note(
            meeting, f"SELECT id FROM meetings_meeting WHERE id = {meeting} AND status = '{now}'"
        )

    def _change_weekly_time(self) -> bool:
        group = self._pick("SELECT id FROM cohorts_group WHERE ended_at IS NULL")[0]
        meetings = self.sql(f"SELECT id FROM meetings_meeting WHERE group_id = {group}")
        since = datetime.now(UTC) + timedelta(days=self.chance.randrange(7, 21))
        return self._send(
            f"meetings/meeting/of-group/{group}/slot/",
            {meeting for (meeting,) in meetings},
            from_day=f"{since:%Y-%m-%d}",
            weekday=str(self.chance.randrange(7)),
            time=self._pick_time(),
        )

    def _pick_meeting(self, condition: str) -> tuple[Any, ...]:
        """Its id and status, and the day on which it begins."""
        return self._pick(
            "SELECT id, status, starts_at::date::text FROM meetings_meeting"
            f" WHERE starts_at > now() AND number < 5 AND {condition}"
        )

    def _pick_time(self) -> str:
        return f"{self.chance.randrange(9, 20):02}:{self.chance.choice(['00', '30'])}"

    # -- learners, and what is wrong ---------------------------------------------------------

    def _move_learner(self) -> bool:
        member, person, group, cohort = self._pick_learner()
        others = "SELECT id FROM cohorts_group WHERE ended_at IS NULL"
        to = self._pick(f"{others} AND cohort_id = {cohort} AND id <> {group}")[0]
        page = f"members/move/?member={member}&group={to}"
        return self._send(page, {("person", person)}) and self._note(
            ("person", person),
            f"SELECT id FROM cohorts_membership WHERE user_id = {person} AND group_id = {to}"
            " AND status = 'active'",
        )

    def _drop_learner(self) -> bool:
        if self.people.done["staff_drop_learner"] >= DROPPED:
            return False
        member, person, *_ = self._pick_learner()
        page = f"cohorts/membership/{member}/end/"
        sent = self._send(page, {("person", person)}, status="dropped", why="chaos")
        return sent and self._note(
            ("person", person),
            f"SELECT id FROM cohorts_membership WHERE id = {member} AND status = 'dropped'",
        )

    def _note(self, subject: Subject, query: str) -> bool:
        """Keep how to find this confirmed change in the database until the next one."""
        self.people.changes[subject] = query
        return True

    def _check_now(self) -> bool:
        """Press the button beside what is wrong, if anything is."""
        cohort = self._pick("SELECT id FROM cohorts_cohort")[0]
        return self._send(f"sync/cohorts/{cohort}/progress/", (), "/check_now/")

    def _pick_learner(self) -> tuple[Any, ...]:
        """The membership, the person, the group and the cohort."""
        return self._pick(
            "SELECT id, user_id, group_id, cohort_id FROM cohorts_membership"
            " WHERE status = 'active' AND role = 'participant'"
        )

    def _pick(self, query: str) -> tuple[Any, ...]:
        return self.chance.choice(self.sql(f"{query} ORDER BY id"))

    # -- pages -------------------------------------------------------------------------------

    def _send(
        self, page: str, about: Collection[Subject], button: str = "", **filled_in: str
    ) -> bool:
        """Fill in the page's form, confirm its preview, and forget what it was about.

        Return whether it was confirmed; being sent to sign in confirms nothing.
        """
        address = f"/admin/{page}"
        answer = self._call("get", address)
        for _ in range(PAGES):
            form = answer is not None and find_form(
                address, answer.text, button or address.partition("?")[0]
            )
            if not form:
                break
            answer = self._call("post", form.path, data=dict(form.data) | filled_in)
            if answer is None:
                self.people.unclear |= set(about)
            elif answer.is_redirect and not leads_to_sign_in(answer):
                self.people.forget(about)
                return True
            elif answer.status_code != 200:  # refused, with a sentence
                break
        if answer is not None and not button:
            self.people.refused[f"staff: {answer.status_code}"] += 1
        return False

    def _call(self, method: str, path: str, **more: Any) -> requests.Response | None:
        """Return the answer; None if none came, or one of a failure."""
        base = self.people.installation.local.site_url
        try:
            session = self.people.session_of(PERSON)
            answer = session.request(
                method,
                f"{base}{path}",
                headers={"Referer": base},
                timeout=15,
                allow_redirects=False,
                **more,
            )
            self.people.check(answer)
        except MISSED as error:
            self.people.miss(error)
            return None
        if answer.status_code == 403 or leads_to_sign_in(answer):
            self.people.sessions.pop(PERSON[0], None)
        return answer


def leads_to_sign_in(answer: requests.Response) -> bool:
    return urlsplit(answer.headers.get("Location", "")).path.startswith(SIGN_IN)


def find_form(address: str, text: str, path: str) -> Request | None:
    """Return what the first form sends whose address ends so."""
    sent = (one for one in requests_of(address, text) if one.method == "post")
    return next((one for one in sent if one.path.endswith(path)), None)
