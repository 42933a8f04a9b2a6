"""The page: the guild and the calendar as a person would see them."""

from html import unescape
from urllib.parse import quote

from tests.lens.sandbox.client import Answer, Client
from tests.lens.sandbox.cohort import EVENTS, GUILD, Service
from tests.support.running_sandbox import RunningSandbox


def read_page(sandbox: RunningSandbox, search: str = "") -> str:
    answer = Client(sandbox.url).get(f"/?q={quote(search)}")
    assert answer.status == 200
    return " ".join(unescape(answer.body).split())


def move_clock(sandbox: RunningSandbox, step: str) -> Answer:
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    return Client(sandbox.url).call("POST", "/clock", f"step={quote(step)}".encode(), form)


def test_an_empty_sandbox_says_what_will_be_where(sandbox: RunningSandbox) -> None:
    page = read_page(sandbox)
    assert "No channels yet" in page
    assert "No series yet" in page
    assert "No calls yet" in page


def test_the_guild_is_shown_with_names_in_place_of_ids(cohort: RunningSandbox) -> None:
    page = read_page(cohort)
    for text in ("Autumn", "group-1", "Voice 1", "Group 1 - Week 1", "ada", "Welcome @Group 1"):
        assert text in page
    assert "Wed 4 Mar 2026, 14:00 UTC" in page


def test_two_channels_of_one_name_keep_their_messages_apart(cohort: RunningSandbox) -> None:
    service = Service(cohort)
    for text in ("the first", "the second"):
        channel = service.discord("POST", f"{GUILD}/channels", {"name": "chat", "type": 0})
        said = {"content": text}
        service.discord("POST", f"/api/v10/channels/{channel['id']}/messages", said)
    page = read_page(cohort, "chat")
    assert [page.count(text) for text in ("the first", "the second")] == [1, 1]


def test_the_calendar_is_shown_in_local_time_with_answers_and_mail(
    cohort: RunningSandbox,
) -> None:
    cohort.post(
        "respond", {"event": "lens0group1", "attendee": "ada@example.org", "answer": "declined"}
    )
    page = read_page(cohort, "ada@example.org")
    assert "Wed 4 Mar 2026, 15:00 to 16:00 (Europe/Berlin)" in page
    assert "Wed 18 Mar 2026" in page
    assert "ada@example.org: declined" in page
    assert '<span class="chip good">invitation</span> ada@example.org' in page


def test_what_people_wrote_is_text_and_never_markup(cohort: RunningSandbox) -> None:
    assert "&lt;b&gt;all&lt;/b&gt;" in Client(cohort.url).get("/").body
    assert "&lt;script&gt;" in Client(cohort.url).get("/?q=%3Cscript%3E").body


def test_a_search_shows_one_group_of_many(cohort: RunningSandbox) -> None:
    page = read_page(cohort, "Group 1")
    assert "group-1" in page
    assert "Group 10" not in page
    assert "group-10" not in page
    assert "group-10" in read_page(cohort, "grace")


def test_a_search_without_a_find_says_so(cohort: RunningSandbox) -> None:
    assert "No channel matches “zebra”" in read_page(cohort, "zebra")


def test_the_newest_calls_come_first_with_what_they_did(cohort: RunningSandbox) -> None:
    Service(cohort).discord("GET", f"{GUILD}/roles")
    page = read_page(cohort)
    calls = page[page.index("newest first") :]
    assert calls.index(f"{GUILD}/roles</code>") < calls.index(EVENTS)
    assert "changed something" in calls


def test_faults_and_limits_in_force_are_shown(sandbox: RunningSandbox) -> None:
    sandbox.set_faults({"kind": "drop", "path": "/nothing"})
    sandbox.set_limits(google=True, scale=0.5)
    page = read_page(sandbox)
    assert "any method /nothing" in page
    assert "Active for google. Windows have 0.5 times their usual length" in page


def test_the_buttons_move_the_clock_and_put_it_back(sandbox: RunningSandbox) -> None:
    answer = move_clock(sandbox, "1 day")
    assert [answer.status, answer.headers["Location"]] == [303, "/"]
    move_clock(sandbox, "1 hour")
    assert sandbox.get("clock")["offset_seconds"] == 25 * 3600
    assert "1 d 1 h ahead" in read_page(sandbox)
    move_clock(sandbox, "real")
    assert sandbox.get("clock")["offset_seconds"] == 0


def test_nothing_is_loaded_from_elsewhere(cohort: RunningSandbox) -> None:
    html = Client(cohort.url).get("/").body
    assert "src=" not in html
    assert "<script" not in html
    assert "https://" not in html
