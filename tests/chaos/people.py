"""What learners and facilitators do over HTTP, and what they were told.

An answer that never came leaves open what happened, so the promise is forgotten; what was confirmed
must be true at the end.
"""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import requests

from tests.chaos.installation import ChaosInstallation

PASSWORD = "sandbox"
MISSED = (requests.RequestException, ValueError)
Subject = int | tuple[int, int] | tuple[str, int]  # a meeting, a person at a meeting, a person


@dataclass
class People:
    """`promises`: by (person's id, home meeting) the host meeting that was confirmed, 0 for none.

    `answers`: by (person's id, meeting) the RSVP that was confirmed.
    `changes`: by what it was about, a query that finds a row once staff's last change is there.
    `done`: how many acts of each kind were confirmed.
    `failed`: answers that say the web has failed (500) although PostgreSQL was running.
    `unclear`: what acts without an answer were about. A frozen process may carry one out much
    later, so nothing is known about these any more.
    """

    installation: ChaosInstallation
    chance: random.Random
    promises: dict[tuple[int, int], int] = field(default_factory=dict)
    answers: dict[tuple[int, int], str] = field(default_factory=dict)
    changes: dict[Subject, str] = field(default_factory=dict)
    unclear: set[Subject] = field(default_factory=set)
    done: Counter[str] = field(default_factory=Counter)
    failed: list[str] = field(default_factory=list)
    missed: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    sessions: dict[int, requests.Session] = field(default_factory=dict)
    sites: tuple[str, ...] = ()  # each request goes to one of them, as behind a proxy

    def __post_init__(self) -> None:
        self.sites = self.sites or (self.installation.local.site_url,)
        self.learners = self._read("participant")
        self.facilitators = self._read("facilitator")
        self.accounts = dict(
            self.installation.sql("SELECT id, discord_id FROM cohorts_user WHERE discord_id > 0")
        )

    @property
    def confirmed(self) -> int:
        return self.done.total()

    def _read(self, role: str) -> list[tuple[int, str]]:
        return self.installation.sql(
            "SELECT u.id, u.email FROM cohorts_user u JOIN cohorts_membership m ON m.user_id = u.id"
            f" WHERE m.role = '{role}' AND m.status = 'active' ORDER BY u.id"
        )

    def act(self) -> None:
        """One of them does one thing."""
        self.chance.choice(
            (
                self._book,
                self._book,
                self._book,
                self._cancel,
                self._answer,
                self._move,
                self._leave,
            )
        )()

    # -- learners ----------------------------------------------------------------------------

    def _book(self) -> None:
        person = self.chance.choice(self.learners)
        home = self._pick_meeting(person)
        if not home:
            return
        options = self._call(person, "get", f"guest-visits/options?meeting_id={home}")
        hosts = [one["meeting_id"] for one in (options or {}).get("alternatives", ())]
        if not hosts:
            return
        host = self.chance.choice(hosts)
        self._promise(
            (person[0], home),
            host,
            self._call(
                person, "post", "guest-visits", {"home_meeting_id": home, "host_meeting_id": host}
            ),
        )

    def _cancel(self) -> None:
        booked = [key for key, host in self.promises.items() if host]
        if not booked:
            return
        key = self.chance.choice(booked)
        person = next(one for one in self.learners if one[0] == key[0])
        answer = self._call(person, "delete", f"guest-visits/{self.promises[key]}")
        self._promise(key, 0, answer)

    def _promise(self, key: tuple[int, int], host: int, answer: Any) -> None:
        """`answer`: None if none came; {} if it was refused, which changes nothing."""
        self.answers.pop(key, None)  # a visit answers by itself
        if answer is None:
            self.unclear.add(key)
        elif answer:
            self.promises[key] = host
            self.done["book" if host else "cancel"] += 1

    def _answer(self) -> None:
        person = self.chance.choice(self.learners)
        meeting = self._pick_meeting(person)
        if not meeting or self._is_away(person, meeting):
            return  # a visit answers by itself, and its end takes the answer back
        rsvp = self.chance.choice(["attending", "not_attending"])
        answer = self._call(person, "post", f"meetings/{meeting}/answer", {"rsvp": rsvp})
        if answer is None:
            self.unclear.add((person[0], meeting))
        elif answer:
            self.answers[person[0], meeting] = rsvp
            self.done["answer"] += 1

    def _is_away(self, person: tuple[int, str], meeting: int) -> bool:
        """Whether the person has a visit in place of the meeting, or it cannot be read now.

        What was promised may be forgotten while the visit stands: its home meeting was moved.
        """
        found = self._call(person, "get", "guest-visits")
        return not found or meeting in {one["home_meeting_id"] for one in found["visits"]}

    # -- facilitators, and Discord's members -------------------------------------------------

    def _move(self) -> None:
        """A facilitator moves a meeting by some minutes: visits to it may end, and its answers are
        asked for again."""
        person = self.chance.choice(self.facilitators)
        meeting = self._pick_meeting(person)
        if not meeting:
            return
        rows = self._read_meetings(person)
        starts_at = next((o["scheduled_at"] for o in rows if o["meeting_id"] == meeting), None)
        if not starts_at:
            return
        moved = datetime.fromisoformat(starts_at) + timedelta(minutes=self.chance.choice([15, -15]))
        answer = self._call(
            person, "post", f"meetings/{meeting}/reschedule", {"starts_at": moved.isoformat()}
        )
        if answer is None:
            self.unclear.add(meeting)
        elif answer:
            self.forget({meeting})
            self.done["move"] += 1

    def forget(self, about: Collection[Subject]) -> None:
        """Forget what people were told about these meetings and people: an act has changed it."""
        changed = set(about)
        self.promises = {
            key: host for key, host in self.promises.items() if not changed & subjects_of(key, host)
        }
        self.answers = {
            key: rsvp for key, rsvp in self.answers.items() if not changed & subjects_of(key)
        }
        self.changes = {key: query for key, query in self.changes.items() if key not in changed}

    def is_known(self, key: tuple[int, int], host: int = 0) -> bool:
        """Whether every act about this person and meeting was answered."""
        return not self.unclear & subjects_of(key, host)

    def count_known(self) -> tuple[int, int]:
        """How many promises and answers can be compared."""
        promises = sum(self.is_known(key, host) for key, host in self.promises.items())
        return promises, sum(self.is_known(key) for key in self.answers)

    def _leave(self) -> None:
        """Someone leaves the server and comes back at once, without their roles."""
        account = str(self.chance.choice(list(self.accounts.values())))
        members = self.installation.outside("/_sandbox/state")["discord"]["members"]
        if account in members:
            self.installation.control("leave", {"id": account})
            self.installation.control("join", {"id": account, "username": f"back{account[-4:]}"})

    # -- HTTP --------------------------------------------------------------------------------

    def _read_meetings(self, person: tuple[int, str]) -> list[dict[str, Any]]:
        found = self._call(person, "get", "users/me/meetings")
        return list((found or {}).get("meetings", ()))

    def _pick_meeting(self, person: tuple[int, str]) -> int:
        rows = [one["meeting_id"] for one in self._read_meetings(person)]
        return int(self.chance.choice(rows[:3])) if rows else 0

    def _call(self, person: tuple[int, str], method: str, path: str, body: Any = None) -> Any:
        """The answer's JSON; {} for a refusal; None if no answer came, or one of a failure."""
        base = self.chance.choice(self.sites)
        try:
            session = self.session_of(person)
            headers = {"X-CSRFToken": session.cookies.get("csrftoken", ""), "Referer": base}
            answer = session.request(
                method, f"{base}/api/{path}", json=body, headers=headers, timeout=15
            )
            if answer.status_code in {401, 403}:
                self.sessions.pop(person[0], None)
            self.check(answer)
            found = answer.json() if answer.content else {"done": True}
        except MISSED as error:
            self.miss(error)
            return None
        if not answer.ok:
            self.refused[found.get("code", str(answer.status_code))] += 1
            return {}
        return found or {"done": True}

    def check(self, answer: requests.Response) -> None:
        """Raise ValueError for the answer of a failure; note it if no fault explains it."""
        if answer.status_code == 500 and not self.installation.is_database_struck():
            when = time.monotonic() - self.installation.began
            self.failed.append(f"{when:.1f} s: {answer.request.method} {answer.url} answered 500")
        if answer.status_code >= 500:
            raise ValueError(answer.status_code)

    def miss(self, error: Exception) -> None:
        """Note that no answer came."""
        self.missed[type(error).__name__] += 1
        time.sleep(0.1)  # as people would: the web may be starting

    def session_of(self, person: tuple[int, str]) -> requests.Session:
        return self.sessions.get(person[0]) or self._sign_in(person)

    def _sign_in(self, person: tuple[int, str]) -> requests.Session:
        session, url = requests.Session(), f"{self.chance.choice(self.sites)}/sign-in/"
        shown = session.get(url, timeout=15)
        self.check(shown)
        shown.raise_for_status()
        form = {
            "username": person[1],
            "password": PASSWORD,
            "csrfmiddlewaretoken": session.cookies["csrftoken"],
        }
        answer = session.post(
            url, data=form, headers={"Referer": url}, timeout=15, allow_redirects=False
        )
        self.check(answer)
        if answer.status_code != 302:
            raise ValueError(f"sign-in: {answer.status_code}")
        self.sessions[person[0]] = session
        return session


def subjects_of(key: tuple[int, int], host: int = 0) -> set[Subject]:
    """What an act may be about that changes what this person was told about this meeting."""
    return {key, key[1], host, ("person", key[0])}
