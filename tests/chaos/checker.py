"""Whether the outside is what the database says, read without any code of Lens.

The database is read by SQL, Discord and Google by their own API, e-mails from their files.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from email import message_from_bytes
from typing import Any

from tests.chaos.installation import ChaosInstallation
from tests.chaos.people import People

GUILD = "/api/v10/guilds/100000000000000001"
CALENDAR = "/calendar/v3/calendars/lens@sandbox.example/events"
GOOGLE = "Bearer checker"

UNFINISHED = """
    SELECT concat('group ', group_id, ' in ', provider, ': ', issue, ' ', issue_detail,
                  ' (', failures, ' failures, next check ', next_at, ')') FROM sync_groupsync
     WHERE generation > observed_generation OR has_waiting_work OR failures > 0
    UNION ALL
    SELECT concat(provider, ': ', issue, ' ', issue_detail) FROM sync_providerstate
     WHERE issue <> ''
    UNION ALL
    SELECT concat('message ', m.key, ' by ', m.channel, ', ', m.state, ': ', m.not_sent_reason,
                  ' (its group: ', s.issue, ' ', s.issue_detail, ', next check ', s.next_at, ')')
      FROM outbox_message m
      LEFT JOIN sync_groupsync s ON s.group_id = m.group_id AND s.provider = 'discord'
     WHERE m.state IN ('pending', 'sending') AND m.due_at <= now() AND m.next_try_at <= now()
"""
# The bot that runs now reports what was missed once it is connected, while one that is ending may
# still say that it is; messages become due with the time.
ASLEEP = """
    SELECT 'the bot has not connected'
     WHERE NOT EXISTS (SELECT FROM bot_botheartbeat
                        WHERE last_seen_at > '{since}' AND name LIKE '%:{bot}:%')
    UNION ALL
    SELECT 'no worker has collected messages'
     WHERE NOT EXISTS (SELECT FROM cohorts_installation WHERE collected_at > '{since}')
"""
# Who has which group's role now: members, and guests within their days, unless these begin or
# end about now: the worker has yet to act on it.
ACCESS = """
    SELECT m.group_id, u.discord_id::text FROM cohorts_membership m
      JOIN cohorts_user u ON u.id = m.user_id
     WHERE m.status = 'active' AND u.discord_id IS NOT NULL
    UNION
    SELECT host.group_id, u.discord_id::text FROM guestvisits_guestvisit v
      JOIN cohorts_user u ON u.id = v.user_id
      JOIN meetings_meeting host ON host.id = v.host_meeting_id
      JOIN cohorts_group g ON g.id = host.group_id JOIN cohorts_cohort c ON c.id = g.cohort_id
     WHERE v.ended_at IS NULL AND u.discord_id IS NOT NULL
       AND now() BETWEEN host.starts_at - c.guest_days_before * interval '1 day'
                     AND host.starts_at + c.guest_days_after * interval '1 day'
"""
CHANGING = """
    SELECT host.group_id, u.discord_id::text FROM guestvisits_guestvisit v
      JOIN cohorts_user u ON u.id = v.user_id
      JOIN meetings_meeting host ON host.id = v.host_meeting_id
      JOIN cohorts_group g ON g.id = host.group_id JOIN cohorts_cohort c ON c.id = g.cohort_id
     WHERE u.discord_id IS NOT NULL
       AND (abs(extract(epoch FROM now() - host.starts_at) + c.guest_days_before * 86400) < 120
         OR abs(extract(epoch FROM now() - host.starts_at) - c.guest_days_after * 86400) < 120)
"""
RECORDED = """
    SELECT kind, group_id, outside_id::text FROM discordsync_discordobject
     WHERE gone_at IS NULL AND outside_id IS NOT NULL
"""
# To meetings that begin later than in two minutes.
AFTER = "SELECT (now() + interval '2 minutes')::text"
INVITED = """
    SELECT m.id, u.email FROM meetings_meeting m
      JOIN cohorts_membership s ON s.group_id = m.group_id AND s.status = 'active'
      JOIN cohorts_user u ON u.id = s.user_id
     WHERE m.status = 'scheduled' AND m.starts_at > '{after}' AND u.email IS NOT NULL
    UNION
    SELECT v.host_meeting_id, u.email FROM guestvisits_guestvisit v
      JOIN cohorts_user u ON u.id = v.user_id JOIN meetings_meeting m ON m.id = v.host_meeting_id
     WHERE v.ended_at IS NULL AND m.starts_at > '{after}' AND u.email IS NOT NULL
"""


SINGLE_EVENTS = """
    SELECT e.event_id, m.id FROM calendarsync_calendarevent e
      JOIN meetings_meeting m ON m.id = e.meeting_id
     WHERE e.gone_at IS NULL AND m.status = 'scheduled' AND m.starts_at > '{after}'
"""


class Checker:
    def __init__(self, installation: ChaosInstallation, people: People) -> None:
        self.installation, self.people = installation, people
        self.sql, self.outside = installation.sql, installation.outside

    def find_unfinished(self) -> list[str]:
        """What a worker still has to do."""
        return [line for (line,) in self.sql(UNFINISHED)]

    def find_asleep(self, since: str) -> list[str]:
        """What has done nothing since then, and may find more to do."""
        bot = self.installation.running["bot"].pid
        asleep = [line for (line,) in self.sql(ASLEEP.format(since=since, bot=bot))]
        return asleep if self.installation.is_ready() else ["the web is not ready", *asleep]

    def find_faults(self) -> list[str]:
        """Every difference, as a sentence."""
        return [
            *self._check_discord(),
            *self._check_channels(),
            *self._check_calendar(),
            *self._check_promises(),
            *self._check_mails(),
        ]

    # -- Discord -----------------------------------------------------------------------------

    def _check_discord(self) -> Iterator[str]:
        roles = self.outside(f"{GUILD}/roles")
        members = self.outside(f"{GUILD}/members?limit=1000")
        recorded = self.sql(RECORDED)
        role_of = {group: key for kind, group, key in recorded if kind == "role"}
        yield from differ(
            "roles",
            {key for kind, _, key in recorded if kind == "role"},
            {one["id"] for one in roles if not one["managed"] and one["name"] != "@everyone"},
        )
        present = {one["user"]["id"] for one in members}
        wanted = {(role_of[group], person) for group, person in self.sql(ACCESS)}
        changing = {(role_of.get(group), person) for group, person in self.sql(CHANGING)}
        found = {
            (role, one["user"]["id"])
            for one in members
            for role in one["roles"]
            if role in role_of.values()
        }
        wanted = {pair for pair in wanted if pair[1] in present}
        yield from differ("access", wanted - changing, found - changing)

    def _check_channels(self) -> Iterator[str]:
        """No channel twice; and each message in the channel where it belongs, once."""
        recorded = self.sql(RECORDED)
        ours = {key for kind, _, key in recorded if kind in CHANNELS}
        channels = self.outside(f"{GUILD}/channels")
        marked = {one["id"] for one in channels if one["parent_id"] in ours or one["id"] in ours}
        yield from differ("channels", ours, marked)
        sent = {
            key
            for (key,) in self.sql(
                "SELECT outside_id FROM outbox_message"
                " WHERE state = 'sent' AND channel = 'discord_channel'"
            )
        }
        there = {
            message["id"]
            for one in channels
            if one["id"] in ours and one["type"] == 0
            for message in self._read_messages(one["id"])
            if message["author"].get("bot")
        }
        yield from differ("messages in channels", sent, there)

    def _read_messages(self, channel: str) -> Iterator[dict[str, Any]]:
        """Every message, the latest first."""
        path, before = f"/api/v10/channels/{channel}/messages?limit=100", ""
        while page := self.outside(path + before):
            yield from page
            before = f"&before={page[-1]['id']}"

    # -- Google Calendar ---------------------------------------------------------------------

    def _check_calendar(self) -> Iterator[str]:
        events = [one for one in self._list("") if one["status"] != "cancelled"]
        series = {one["id"] for one in events if "recurrence" in one}
        rows = self.sql("SELECT event_id FROM calendarsync_calendarseries WHERE gone_at IS NULL")
        yield from differ("series", {key for (key,) in rows}, series)
        ((after,),) = self.sql(AFTER)
        found = {
            (meeting, guest["email"])
            for meeting, body in [
                *self._occurrences(series, after),
                *self._single_events(events, after),
            ]
            for guest in body.get("attendees", ())
        }
        rows = self.sql(INVITED.format(after=after))
        invited = {(meeting, email.lower()) for meeting, email in rows}
        owner = "lens@sandbox.example"
        yield from differ("invitations", invited, {pair for pair in found if pair[1] != owner})

    def _occurrences(self, series: set[str], after: str) -> Iterator[tuple[int, dict[str, Any]]]:
        """Each meeting after that time with its occurrence, found by its time."""
        meetings = {
            (event_id, int(moment)): meeting
            for event_id, meeting, moment in self.sql(
                "SELECT s.event_id, m.id, extract(epoch FROM m.starts_at) FROM meetings_meeting m"
                " JOIN calendarsync_calendarseries s ON s.group_id = m.group_id"
                f" WHERE s.gone_at IS NULL AND m.status = 'scheduled' AND m.starts_at > '{after}'"
            )
        }
        for event_id in series:
            for body in self._list(f"/{event_id}/instances"):
                moment = parse(body["start"]["dateTime"]) if "start" in body else 0
                if body["status"] != "cancelled" and (event_id, moment) in meetings:
                    yield meetings[event_id, moment], body

    def _single_events(
        self, events: list[dict[str, Any]], after: str
    ) -> Iterator[tuple[int, dict[str, Any]]]:
        """Each future meeting without a place in a series, as after two changes of weekly time."""
        rows = self.sql(SINGLE_EVENTS.format(after=after))
        meetings = dict(rows)
        yield from ((meetings[one["id"]], one) for one in events if one["id"] in meetings)

    def _list(self, path: str) -> list[dict[str, Any]]:
        return list(self.outside(f"{CALENDAR}{path}?maxResults=2500", GOOGLE)["items"])

    # -- what people were told ---------------------------------------------------------------

    def _check_promises(self) -> Iterator[str]:
        rows = self.sql(
            "SELECT user_id, home_meeting_id, host_meeting_id FROM guestvisits_guestvisit"
            " WHERE ended_at IS NULL"
        )
        open_visits = {(person, home): host for person, home, host in rows}
        if len(open_visits) != len(rows):
            yield "someone has two visits in place of one meeting"
        for key, host in self.people.promises.items():
            if self.people.is_known(key, host) and open_visits.get(key, 0) != host:
                yield f"{key} was told {host or 'cancelled'}, and has {open_visits.get(key)}"
        given = {
            (person, meeting): rsvp
            for person, meeting, rsvp in self.sql(
                "SELECT user_id, meeting_id, rsvp FROM meetings_attendance WHERE NOT is_guest"
            )
        }
        for key, rsvp in self.people.answers.items():
            if self.people.is_known(key) and given.get(key) != rsvp:
                yield f"{key} answered {rsvp}, and the database says {given.get(key)}"
        for subject, query in self.people.changes.items():
            if subject not in self.people.unclear and not self.sql(query):
                yield f"staff changed {subject}, and nothing is found by {query}"

    def _check_mails(self) -> Iterator[str]:
        """Each e-mail that was sent is there, and as many twice at most as processes were killed:
        a worker that dies before it records what the server took sends it again, unchanged."""
        found = Counter(
            str(message_from_bytes(part)["Message-ID"])
            for file in self.installation.local.mail.glob("*")
            for part in file.read_bytes().split(b"\n" + b"-" * 79 + b"\n")
            if part.strip()
        )
        by_state = dict(
            self.sql(
                "SELECT state, count(*) FROM outbox_message WHERE channel = 'email' GROUP BY state"
            )
        )
        # One that a killed worker was sending waits for 15 minutes, and may have arrived.
        sent, open_ = by_state.get("sent", 0), by_state.get("sending", 0)
        if not sent <= len(found) <= sent + open_:
            yield f"{sent} e-mails were sent, {open_} may have been, and {len(found)} are there"
        twice = found.total() - len(found)
        if twice > self.installation.kills:
            yield f"{twice} e-mails were sent again, with {self.installation.kills} kills"


CHANNELS = {"category", "cohort_channel", "text_channel", "voice_channel"}


def parse(text: str) -> int:
    from datetime import datetime

    return int(datetime.fromisoformat(text).timestamp())


def differ(what: str, wanted: set[Any], found: set[Any]) -> Iterator[str]:
    if missing := wanted - found:
        yield f"{what}: missing {sorted(missing, key=str)}"
    if extra := found - wanted:
        yield f"{what}: too many {sorted(extra, key=str)}"
