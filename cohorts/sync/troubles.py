"""The table of issues: what each means and what to do about it.

Rows store only a code. Providers add their own codes in a `TROUBLES` of the same shape, as their
attribute `troubles` (`cohorts.sync.registry.find_trouble` searches all of them).
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class TroubleText:
    """A sentence that says what is wrong, and one that says what to do.

    `needs_person`: no retry can succeed before a person has acted, so retries are not hurried.
    `passes`: it resolves within minutes without action, so it is worth waiting for. `remedy` names
    the button that resolves it (cohorts.sync.pages.remedies).
    """

    sentence: str
    fix: str
    needs_person: bool = False
    passes: bool = False
    remedy: str = "look_again"


TROUBLES: dict[str, TroubleText] = {
    "needs_infrastructure": TroubleText(
        "Nothing has been made for this group, since nobody asked for it.",
        "Press “Realize” to have its channels, roles and invitations made.",
        needs_person=True,
        remedy="realize",
    ),
    "no_members": TroubleText(
        "The group has no members, so nothing is made for it.",
        "Add somebody to the group; the realize request then goes on by itself.",
        needs_person=True,
    ),
    "no_slot": TroubleText(
        "The group has no weekly slot, so its meetings, events and invitations wait.",
        "Set the group's weekday and time; the rest then follows by itself.",
        needs_person=True,
    ),
    "nobody_has_access": TroubleText(
        "Everything stands, but none of the group's people is there yet.",
        "Ask them to join; the group becomes active as soon as the first one has.",
    ),
    "removals_held": TroubleText(
        "An unusually large number of people would lose access at once, and no date explains it.",
        "Look at the names. If they are right, press “Allow these removals”.",
        needs_person=True,
        remedy="show_removals",
    ),
    "paused": TroubleText(
        "This mirror is paused: it looks, but changes nothing.",
        "Press “Go on” when it should work again.",
        needs_person=True,
        remedy="resume",
    ),
    "other_installation": TroubleText(
        "This database was made by another installation than the one that INSTALLATION_ID names.",
        "Say whether this is a copy (the original's objects are left alone) or the original "
        "under a new name (work goes on).",
        needs_person=True,
        remedy="decide",
    ),
    "restored": TroubleText(
        "This database was restored from a backup, or copied.",
        "Say whether this is a copy (the original's objects are left alone) or the original (work "
        "goes on).",
        needs_person=True,
        remedy="decide",
    ),
    "strangers": TroubleText(
        "There are many objects with our mark that no record of this database explains. It may be "
        "older than what is outside.",
        "Say whether this is a copy (they are left alone) or the original (they are taken over).",
        needs_person=True,
        remedy="decide",
    ),
    "orphaned": TroubleText(
        "There is an object with this group's or cohort's mark that no record explains, such as a "
        "channel that was cloned before the original was deleted.",
        "Press “Decide” to have it taken over, or delete it. Until then nothing else is changed "
        "for this group here, except that access ends on its date.",
        needs_person=True,
        remedy="decide",
    ),
    "moved": TroubleText(
        "The settings name another server or calendar than the one in which everything was made.",
        "Set the former one again, or say that this is a copy or that it was moved.",
        needs_person=True,
        remedy="decide",
    ),
    "unreachable": TroubleText(
        "The service cannot be reached or answers with errors of its own.",
        "Nothing to do: it is tried again every minute, and nothing is lost.",
        passes=True,
    ),
    "no_answer": TroubleText(
        "A call got no clear answer; whether it worked is looked up first.",
        "Nothing to do: the next look tells.",
        passes=True,
    ),
    "look_again": TroubleText(
        "Something outside changed while we worked.",
        "Nothing to do: it is read again.",
        passes=True,
    ),
    "rate_limited": TroubleText(
        "The service asked us to slow down.",
        "Nothing to do: work goes on at the time it named.",
        passes=True,
    ),
    "refused": TroubleText(
        "The service refused a step.",
        "Look at the step's error below. It is tried again, later and later.",
    ),
    "failed": TroubleText(
        "A step failed.",
        "Look at the step's error below. It is tried again, later and later.",
    ),
    "bug": TroubleText(
        "Lens itself made a mistake here.",
        "Tell whoever runs Lens; the log has the trace. It is tried again, later and later.",
    ),
}

UNKNOWN = TroubleText("Something is wrong.", "Look at the steps below.")
