"""The bot's commands and buttons, for eleven kinds of people, as administrators and without.

Buttons are asked as they arrive, by the text of their id, each in a savepoint of its own.  Commands
go through Discord's gateway to a real bot.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from discord import AppCommandType, Object
from django.apps import apps
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from cohorts import clock
from cohorts.reconcile.models import RealizeRequest, SyncRun
from cohorts.reconcile.selectors import live_groups
from cohorts.reconcile.services import request_plan
from discordsync.bot import handlers
from discordsync.bot.gateway.gateway_client import Bot
from discordsync.bot.handlers import answer_request
from discordsync.bot.replies.requests import PREFIX, read_custom_id
from discordsync.bot.replies.users import BotUser
from tests.discordsync.bot.conftest import bot_running
from tests.discordsync.bot.discord import People
from tests.lens.sandbox.client import Client
from tests.rights.bot_table import COMMANDS, COMPLETED, HANDLERS, Question
from tests.rights.kinds import (
    ANONYMOUS,
    EVERYONE,
    FACILITATOR,
    FORMER,
    LEARNER,
    SINGLE,
    SUPERUSER,
    World,
    make_world,
)
from tests.rights.test_table import writes
from tests.support.academy import Academy
from tests.support.running_sandbox import RunningSandbox
from tests.support.sandbox import GUILD_ID, TOKEN

FIRST_ACCOUNT = 200000000000000000
ACCOUNTS = {kind: FIRST_ACCOUNT + n for n, kind in enumerate(EVERYONE)}
# Whom `make test` tries; the matrix tries everyone.
FEW = (ANONYMOUS, LEARNER, FACILITATOR, FORMER, SUPERUSER)
FACTS = ("cohorts", "meetings", "guestvisits", "outbox")  # apps


def make_people() -> World:
    """Everyone has a Discord account; Lens does not know that of those who are not signed in."""
    world = make_world(Academy(clock.now()))
    for kind, person in world.people.items():
        person.discord_id = ACCOUNTS[kind]
        person.save(update_fields=["discord_id"])
    world.set_permissions(world.people[SINGLE], ["cohorts.change_group"])
    return world


# -- nothing is left out -------------------------------------------------------------------------


def walk_commands() -> Iterator[Any]:
    """Yield each command of the bot's tree, of every type, in our server and elsewhere."""
    tree = Bot("unconnected").tree
    for guild in (None, Object(GUILD_ID)):
        for type_ in AppCommandType:
            yield from tree.walk_commands(guild=guild, type=type_)


def test_a5_every_command_and_every_button_of_the_bot_has_its_line(settings: Any) -> None:
    settings.DISCORD_GUILD_ID = GUILD_ID
    commands = list(walk_commands())
    completed = {
        f"{command.qualified_name} {option.name}"
        for command in commands
        for option in getattr(command, "parameters", ())
        if option.autocomplete
    }
    missing = "add them to tests/rights/bot_table.py"
    assert {command.qualified_name for command in commands} == set(COMMANDS), missing
    assert completed == COMPLETED, missing
    assert set(handlers.HANDLERS) == set(HANDLERS), missing


# -- buttons -------------------------------------------------------------------------------------


def press(question: Question, verb: str, kind: str, values: dict[str, Any], *, admin: bool) -> str:
    """Return the answer to a button with this question, whoever may have made its id up."""
    args = (str(values.get(arg.strip("{}"), arg)) for arg in question.args)
    ask = read_custom_id(":".join([PREFIX, verb, *args]))
    assert ask is not None
    return answer_request(ask, BotUser(ACCOUNTS[kind], kind, admin), now=clock.now()).text


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("admin", "kinds"),
    [
        pytest.param(False, FEW, id="member-a few"),
        pytest.param(False, EVERYONE, id="member-everyone", marks=pytest.mark.matrix),
        pytest.param(True, EVERYONE, id="administrator-everyone", marks=pytest.mark.matrix),
    ],
)
def test_a5_every_button_answers_those_it_is_for_and_changes_nothing_for_others(
    admin: bool, kinds: Sequence[str]
) -> None:
    world = make_people()
    academy = world.academy
    groups = live_groups([academy.cohort.pk]).values_list("pk", flat=True)
    values = {
        "meeting": academy.meeting("B").pk,
        "elsewhere": academy.meeting("C").pk,
        "elsewhere_starts": int(academy.meeting("C").starts_at.timestamp()),
        "substitution": world.substitution.pk,
        "offer": world.substitution.offers.get().pk,
        "cohort": academy.cohort.pk,
        "plan": "-".join(
            str(run.pk) for run in request_plan(groups, as_if_requested=True, by=None)
        ),
    }
    wrong = {}
    for verb, question in HANDLERS.items():
        for kind in kinds:
            with transaction.atomic(), CaptureQueriesContext(connection) as queries:
                said = press(question, verb, kind, values, admin=admin)
                transaction.set_rollback(True)
            begins = said.startswith(question.expected(kind, is_admin=admin))
            wrote = bool(writes(queries))
            if not begins or wrote != question.may_write(kind, is_admin=admin):
                wrong[verb, kind] = (said, wrote)
    assert wrong == {}


# -- commands, through the gateway -----------------------------------------------------------------


def read_facts() -> dict[str, Any]:
    """Return the rows about people, groups, meetings, visits, messages and requests."""
    models = [model for model in apps.get_models() if model._meta.app_label in FACTS]
    models += [SyncRun, RealizeRequest]
    return {
        model.__name__: sorted(model._default_manager.values_list(), key=str) for model in models
    }


def open_commands_to_everyone(sandbox: RunningSandbox) -> None:
    """As the server's owner can: that a command is hidden protects nothing."""
    told = sandbox.calls(method="PUT")[-1]
    assert told["path"].endswith("/commands")
    opened = [{**command, "default_member_permissions": None} for command in told["body"]]
    token = {"Authorization": f"Bot {TOKEN}"}
    assert Client(sandbox.url).call("PUT", told["path"], opened, token).status == 200


def make_administrators(sandbox: RunningSandbox) -> None:
    fields = {"name": "Administrators", "permissions": "8"}
    role = sandbox.post("create", {"kind": "role", "fields": fields})
    for account in ACCOUNTS.values():
        sandbox.post("grant", {"member": str(account), "role": role["id"]})


def run_commands(
    people: People, kinds: Sequence[str], cohort: int, *, admin: bool
) -> dict[Any, str]:
    """Run every command as these kinds of people; return the answers that the table lacks."""
    asked = {}
    for command, verb in COMMANDS.items():
        options = {"cohort": str(cohort)} if HANDLERS[verb].args else {}
        for kind in kinds:
            asked[command, kind] = people.run(str(ACCOUNTS[kind]), command, **options)
    wrong = {}
    for (command, kind), id_ in asked.items():
        expected = HANDLERS[COMMANDS[command]].expected(kind, is_admin=admin)
        said = people.answer(id_)["content"]
        if not said.startswith(expected):
            wrong[command, kind] = said
    return wrong


def complete(people: People, kinds: Sequence[str]) -> list[tuple[str, ...]]:
    """Return what each kind of person is offered at each option that is completed."""
    told = [people.type(str(ACCOUNTS[kind]), *each.split()) for each in COMPLETED for kind in kinds]
    return sorted({tuple(offered) for offered in told})


# The answers are those of the buttons above; what the gateway adds is the same for all kinds.
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    "kinds",
    [
        pytest.param(FEW, id="a few"),
        pytest.param(EVERYONE, id="everyone", marks=pytest.mark.matrix),
    ],
)
def test_a5_every_command_answers_those_it_is_for_and_changes_nothing_for_others(
    tmp_path: Path, kinds: Sequence[str]
) -> None:
    with bot_running(tmp_path / "log") as here:
        world, sandbox = make_people(), here.sandbox
        cohort = world.academy.cohort.pk
        for account in ACCOUNTS.values():
            sandbox.post("join", {"id": str(account), "username": f"person{account}"})
        open_commands_to_everyone(sandbox)
        facts = read_facts()
        assert run_commands(here.people, kinds, cohort, admin=False) == {}
        assert complete(here.people, kinds) == [()]
        assert read_facts() == facts
        make_administrators(sandbox)
        assert run_commands(here.people, kinds, cohort, admin=True) == {}
        assert complete(here.people, kinds) == [("Course: Autumn",)]
