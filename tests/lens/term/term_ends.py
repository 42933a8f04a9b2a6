"""The second part of the list written by hand (`term_list.py`): from the merge to the removal."""

from __future__ import annotations

from tests.lens.term.handwritten import Stage

# ruff: noqa: E501 - a table; a row that is broken in two is read with difficulty

LAST_STAGES = (
    Stage(
        "merge",
        "28 January, 11:00. Heron is merged into Wren, its facilitator comes along. Owl 1 visits "
        "Wren instead; Heron 3 is a member there now.",
        emails="""
            Heron, Owl 1 | Heron now meets with Wren
        """,
        posts="""
            Heron | Heron now meets with Wren
            Wren  | Heron joins this group
            Wren  | Heron 2 is away from our meeting on
        """,
        access="""
            Heron     | own  | read
            Heron 123 | Wren | write
            Heron F   | Wren | lead
            Owl 1     | Heron | nothing
            Owl 1     | Wren  | write
        """,
        exists="""
            Heron            | channels | 12 Jan, 26 Jan
            Beasts, not Lynx | channels | 13 Jan, 20 Jan, 27 Jan, 3 Feb | 3 Feb
        """,
        texts="""
            Heron 3 | Heron now meets with Wren | Your visit to Wren in week 3 has ended, since you're a member now.
            Heron 1 | Heron now meets with Wren | From today you're in Wren
            Heron 1 | Heron now meets with Wren | Next meeting: Tuesday 2 February, 18:00 (Berlin).
            Heron 1 | Heron now meets with Wren | You can read the channels of Heron until 27 February.
            Owl 1   | Heron now meets with Wren | Your visit is now to Wren, week 3
        """,
    ),
    Stage(
        "substitute",
        "29 January, 11:00. Owl F can't lead week 3; of the three who are asked Hare F says yes.",
        emails="""
            Trees, not Oak 2   | Week 3 of {group}: Thursday 28 January 2027, 18:00 (Europe/Berlin)
            Fox F, Hare F, Ash F | Can you lead Owl on Tuesday 2 February 2027, 18:00 (Europe/Berlin)?
            Hare F             | You lead Owl on Tuesday 2 February 2027, 18:00 (Europe/Berlin)
            Owl F              | Hare F leads Owl on Tuesday 2 February 2027, 18:00 (Europe/Berlin)
            Fox F, Ash F       | Owl needs no substitute any more
        """,
        posts="""
            Trees | Week 3 begins
        """,
        access="""
            Hare F | Owl   | lead
            Hare F | Birds | write
        """,
        exists="""
            Trees | channels | 14 Jan, 21 Jan, 28 Jan, 4 Feb | 4 Feb
        """,
    ),
    Stage(
        "third_week",
        "3 February, 12:00. Week 3 of Birds was held with visitors and a substitute.",
        emails="""
            Wren, Heron 13F, Owl 1       | 2x Week 3 of Wren: Tuesday 2 February 2027, 18:00 (Europe/Berlin)
            Owl 23, Heron 2, Hare F | 2x Week 3 of Owl: Tuesday 2 February 2027, 18:00 (Europe/Berlin)
            Birds, not Heron, not Wren, not Owl | 2x Week 3 of {group}: Tuesday 2 February 2027, 18:00 (Europe/Berlin)
            Beasts, not Lynx             | Week 4 of {group}: Wednesday 3 February 2027, 18:00 (Europe/Berlin)
            Lena, Lynx 1                 | Week 4 of Fox: Wednesday 3 February 2027, 18:00 (Europe/Berlin)
        """,
        posts="""
            Birds, not Heron | 2x Week 3 begins
            Beasts, not Lynx | Week 4 begins
        """,
        exists="""
            Birds, not Heron | channels | 12 Jan, 26 Jan, 2 Feb, 9 Feb | 9 Feb
        """,
    ),
    Stage(
        "beasts_end",
        "8 February, 12:00. Visits and the substitution are over. Beasts are completed.",
        emails="""
            Beasts, not Lynx | Week 4 of {group}: Wednesday 3 February 2027, 18:00 (Europe/Berlin)
            Lena, Lynx 1     | Week 4 of Fox: Wednesday 3 February 2027, 18:00 (Europe/Berlin)
            Trees, not Oak 2 | 2x Week 4 of {group}: Thursday 4 February 2027, 18:00 (Europe/Berlin)
            Owl 1            | Your visit to Wren is over
            Heron 2          | Your visit to Owl is over
            Beasts, not Lynx 23F, Lena | Beasts is complete
        """,
        posts="""
            Owl              | Heron 2's guest visit has ended.
            Wren             | Owl 1's guest visit has ended.
            Beasts, not Lynx | Week 4 begins
            Beasts, not Lynx | {group} is complete
            Trees            | 2x Week 4 begins
        """,
        access="""
            Beasts  | own, cohort | read
            Lena    | Fox, Beasts | read
            Lynx 1  | Fox         | read
            Owl 1   | Wren        | nothing
            Heron 2 | Owl         | nothing
            Hare F  | Owl, Birds  | nothing
        """,
        exists="""
            Beasts, not Lynx | channels | 13 Jan, 20 Jan, 27 Jan, 3 Feb
            Trees            | channels | 14 Jan, 21 Jan, 28 Jan, 4 Feb
        """,
    ),
    Stage(
        "birds_end",
        "10 February, 20:00. Trees have ended automatically. Staff complete Birds.",
        emails="""
            Trees, not Oak 2 | Trees is complete
            Birds, not Heron | 2x Week 4 of {group}: Tuesday 9 February 2027, 18:00 (Europe/Berlin)
            Heron            | 2x Week 4 of Wren: Tuesday 9 February 2027, 18:00 (Europe/Berlin)
            Birds            | Birds is complete
        """,
        posts="""
            Trees            | {group} is complete
            Birds, not Heron | 2x Week 4 begins
            Birds, not Heron | {group} is complete
        """,
        access="""
            Trees, not Oak 2, not Ash 3 | own, cohort | read
            Birds                       | own, cohort | read
            Heron                       | Wren        | read
        """,
        exists="""
            Birds, not Heron | channels | 12 Jan, 26 Jan, 2 Feb, 9 Feb
        """,
        texts="""
            Owl 1 | Birds is complete | You attended 1 of 4 meetings; for 3 of them it is not known.
            Owl 1 | Birds is complete | You can read the channels until 12 March.
            Heron 1 | Birds is complete | You attended 1 of 4 meetings; for 3 of them it is not known.
        """,
    ),
    Stage(
        "reopen",
        "12 February, 12:00. That was a mistake: Birds are reopened, and everyone is told.",
        emails="""
            Birds, not Heron | {group} goes on
            Heron            | Wren goes on
        """,
        access="""
            Birds 123, not Heron | own    | write
            Birds F, not Heron   | own    | lead
            Birds                | cohort | write
            Heron 123            | Wren   | write
            Heron F              | Wren   | lead
        """,
    ),
    Stage(
        "end_again",
        "15 February, 12:00. Birds are completed again. Lynx's archive ends in a week.",
        emails="""
            Birds | Birds is complete
        """,
        posts="""
            Lynx             | This channel can be read until 20 February. Save what you want to keep.
            Birds, not Heron | {group} is complete
        """,
        access="""
            Birds, not Heron | own    | read
            Birds            | cohort | read
            Heron            | Wren   | read
        """,
    ),
    Stage(
        "archives_end",
        "16 March, 12:00. The archives have ended one after the other, apart from Birds'.",
        posts="""
            Heron            | This channel can be read until 27 February. Save what you want to keep.
            Beasts, not Lynx | This channel can be read until 10 March. Save what you want to keep.
            Trees            | This channel can be read until 11 March. Save what you want to keep.
            Birds, not Heron | This channel can be read until 17 March. Save what you want to keep.
        """,
        access="""
            Heron         | own         | nothing
            Beasts, Trees | own, cohort | nothing
            Lena          | Fox, Beasts | nothing
            Lynx 1        | Fox         | nothing
        """,
    ),
    Stage(
        "full_server",
        "16 March, 13:00. The server is full with roles of others. Stones have no room.",
        emails="""
            Olga | Safety, Stones: {count} groups need action
        """,
        exists="""
            the cohort Stones | nothing
            Stones            | nothing | 30 Mar, 6 Apr
        """,
        issues="""
            Stones | The Discord server has no room for all of this (500 channels, 250 roles, 100 events).
        """,
    ),
    Stage(
        "removal",
        "16 March, 14:00. Staff remove what Beasts and Trees have left. Stones are set up in the "
        "freed room. Owl 1 is one of them, and in the server already.",
        emails="""
            Stones | You're in {group}: 2 steps before your first meeting
            Owl 1  | Your group: Onyx of Safety
        """,
        posts="""
            Onyx | Welcome to Onyx of Safety, Stones!
        """,
        access="""
            Owl 1 | Onyx, Stones | write
        """,
        exists="""
            the cohort Beasts, the cohort Trees | nothing
            Beasts             | nothing | 13 Jan, 20 Jan, 27 Jan, 3 Feb
            Lynx               | nothing | 13 Jan, 20 Jan
            Trees              | nothing | 14 Jan, 21 Jan, 28 Jan, 4 Feb
            the cohort Stones  | channels
            Stones             | channels | 30 Mar, 6 Apr
        """,
        issues="""
            Stones, not Onyx | Set up. No one from this group has joined the Discord server yet.
        """,
    ),
    Stage(
        "last_removal",
        "18 March, 17:00. Birds' archive has ended, too, and everything of theirs is removed.",
        emails="""
            Stones | Are you coming to {group}?
            Owl 1  | Are you coming to Onyx?
        """,
        access="""
            Birds | own, cohort | nothing
            Heron | Wren        | nothing
        """,
        exists="""
            the cohort Birds | nothing
            Birds            | nothing | 12 Jan, 26 Jan, 2 Feb, 9 Feb
            Heron            | nothing | 12 Jan, 26 Jan
            Stones           | channels | 30 Mar, 6 Apr | 30 Mar
        """,
        issues="""
            Stones, not Onyx | Set up. No one from this group has joined the Discord server yet.
        """,
    ),
)
