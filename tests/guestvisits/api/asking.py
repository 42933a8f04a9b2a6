"""What a learner asks of the API."""

import json

from django.test import Client

from tests.support.academy import Academy

VISITS, MINE = "/api/guest-visits", "/api/users/me/meetings"


def options(meeting_id) -> str:
    return f"{VISITS}/options?meeting_id={meeting_id}"


def post(client: Client, body: object):
    data = body if isinstance(body, str | bytes) else json.dumps(body)
    return client.post(VISITS, data, content_type="application/json")


def book(client: Client, academy: Academy, host: str = "B", home: str = "A", week: int = 1):
    ids = {
        "home_meeting_id": academy.meeting(home, week).pk,
        "host_meeting_id": academy.meeting(host, week).pk,
    }
    return post(client, ids)


def iso(moment) -> str:
    return moment.isoformat().replace("+00:00", "Z")
