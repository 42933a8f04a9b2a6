"""What each kind of person reads from the bot.  A new command or button needs a line here.

The bot knows people by their Discord account, and Discord says who is an administrator of the
server: no permission in Lens makes anyone one, and to be one opens nothing else.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from tests.rights.kinds import (
    ANONYMOUS,
    EVERYONE,
    FACILITATOR,
    FORMER,
    GUEST,
    LEARNER,
    OTHER_FACILITATOR,
    OTHER_LEARNER,
)

STRANGER = "I don't know your Discord account yet"
ADMINS_ONLY = "Only administrators of this server can do this."
NO_GROUP = "You are not in a group yet."
LEFT = "You are no longer a member of Group B"
NO_MEETING = "There is no such meeting in your cohort."
LEARNERS = (LEARNER, OTHER_LEARNER, GUEST)
FACILITATORS = (FACILITATOR, OTHER_FACILITATOR)


@dataclass(frozen=True)
class Question:
    """A verb of the bot with its arguments ("{name}" stands for an id), and who is told what.

    `told`: what a kind of person is told; `otherwise` goes to everyone else who has an account.
    `admins`: what administrators are told, whatever kind they are; everyone else is refused.
    `writes`: the kinds for whom it changes something; with `admins` all administrators.
    """

    args: tuple[str, ...] = ()
    told: Mapping[str, str] = field(default_factory=dict)
    otherwise: str = NO_GROUP
    admins: str = ""
    writes: tuple[str, ...] = ()

    def expected(self, kind: str, *, is_admin: bool) -> str:
        """Return how the answer begins."""
        if self.admins:
            return self.admins if is_admin else ADMINS_ONLY
        return STRANGER if kind == ANONYMOUS else self.told.get(kind, self.otherwise)

    def may_write(self, kind: str, *, is_admin: bool) -> bool:
        return kind in self.writes and (is_admin or not self.admins)


def own(told: Mapping[str, str]) -> Question:
    """About one's own meetings: staff as such have none."""
    return Question(told={FORMER: LEFT, **told})


MEETINGS = "**Your next meetings**"
HANDLERS: dict[str, Question] = {
    "meetings": own(dict.fromkeys((*LEARNERS, *FACILITATORS), MEETINGS)),
    "away": own(dict.fromkeys(LEARNERS, "Instead of") | dict.fromkeys(FACILITATORS, MEETINGS)),
    "choose": own(
        dict.fromkeys(LEARNERS, "Which meeting can't you attend?")
        | dict.fromkeys(FACILITATORS, MEETINGS)
    ),
    "cannot": Question(
        ("{meeting}",), dict.fromkeys((LEARNER, FACILITATOR), "Instead of"), NO_MEETING
    ),
    "book": Question(
        ("{meeting}", "{elsewhere}", "{elsewhere_starts}"),
        {LEARNER: "Booked: you're visiting Group C", FACILITATOR: "You facilitate this group"},
        NO_MEETING,
        writes=(LEARNER,),
    ),
    "cancel": Question(
        ("{meeting}",),
        {GUEST: "Your visit to Group B is cancelled."},
        "There is no such visit, or it has ended already.",
        writes=(GUEST,),
    ),
    "say": Question(
        ("{meeting}", "yes"),
        dict.fromkeys((LEARNER, FACILITATOR, GUEST), "You're coming: "),
        "This is not one of your meetings",
        writes=(LEARNER, FACILITATOR, GUEST),
    ),
    "substitute": Question(
        ("{meeting}",),
        {FACILITATOR: "We are looking for someone to lead Group B"},
        "There is no such meeting among those of your groups.",
        writes=(FACILITATOR,),
    ),
    "return": Question(
        ("{substitution}",),
        {FACILITATOR: "You lead Group B"},
        "There is no such request of yours.",
        writes=(FACILITATOR,),
    ),
    "lead": Question(
        ("{offer}", "yes"),
        {OTHER_FACILITATOR: "Thank you! You lead Group B"},
        "You were not asked to lead this meeting.",
        writes=(OTHER_FACILITATOR,),
    ),
    "realize": Question(("{cohort}",), admins="Preparing a preview for Autumn", writes=EVERYONE),
    "plan": Question(("{plan}",), admins="Preparing a preview for Autumn"),
    "confirm": Question(("{plan}",), admins="**0 of 3 groups**", writes=EVERYONE),
    "progress": Question(("{plan}", "0", "0"), admins="**0 of 3 groups**"),
}
# The verb that a command asks.
COMMANDS = {"my-meetings": "meetings", "cant-attend": "away", "realize-cohort": "realize"}
# Options that Discord completes while someone types, as "command option"; for administrators only.
COMPLETED = {"realize-cohort cohort"}
