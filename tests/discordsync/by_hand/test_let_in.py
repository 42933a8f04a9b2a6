"""Access by overwrites of single people ends, whoever changed what beside it."""

from __future__ import annotations

import pytest

from cohorts import clock
from cohorts.models import Group
from cohorts.services.groups import end_group
from discordsync.bot.gateway import guild_changes
from discordsync.sandbox.permissions import Bit
from tests.discordsync.by_hand.edits import VIEW, overwrites_of, set_overwrites
from tests.discordsync.guild_state import look_again, outside_id
from tests.support.cohort import work

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("only_discord")]


@pytest.mark.parametrize("added", [{"allow": Bit.EMBED_LINKS}, {"deny": Bit.EMBED_LINKS}])
def test_a_facilitators_former_account_loses_access_also_if_staff_added_a_permission(
    sandbox, made, first, added
):
    facilitator = made.people[0]
    former = str(facilitator.discord_id)
    for key in (f"text_channel:{first.pk}", f"voice_channel:{first.pk}"):
        overwrites = overwrites_of(sandbox, key)
        for word, bit in added.items():
            overwrites[former][word] |= int(bit)
        set_overwrites(sandbox, key, overwrites)
    look_again()
    assert former in overwrites_of(sandbox, f"text_channel:{first.pk}")

    facilitator.discord_id += 5000
    facilitator.save()
    work("discord")
    assert former not in overwrites_of(sandbox, f"text_channel:{first.pk}")
    assert former not in overwrites_of(sandbox, f"voice_channel:{first.pk}")


def test_who_is_let_into_the_cohorts_channel_is_taken_out_at_once_after_the_first_group_ended(
    sandbox, made, first
):
    end_group(first.pk, status=Group.Status.COMPLETED, now=clock.now())
    work("discord")
    key, person = f"cohort_channel:{made.cohort.pk}", str(made.people[1].discord_id)
    let_in = {person: {"type": 1, "allow": VIEW, "deny": 0}}
    set_overwrites(sandbox, key, overwrites_of(sandbox, key) | let_in)
    guild_changes.handle_object_change(int(outside_id(key)))  # as the bot reports it
    work("discord")
    assert person not in overwrites_of(sandbox, key)
