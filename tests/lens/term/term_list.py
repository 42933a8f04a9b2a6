"""The list written by hand: what each act of the term leads to.

All times are on Berlin's clock. Birds meet on Tuesdays, Beasts on Wednesdays, Trees on Thursdays,
each at 18:00, from 12, 13 and 14 January 2027 on.
"""

from __future__ import annotations

from tests.lens.term.handwritten import Stage

# ruff: noqa: E501 - a table; a row that is broken in two is read with difficulty

TERM = (
    Stage(
        "realize",
        "4 January, 13:00. Three cohorts are imported and realized; nobody is in the server.",
        letters="""
            Birds, Beasts, Trees | You're in {group}: 2 steps before your first meeting
            Olga                 | Safety, Birds: set up
            Olga                 | Safety, Beasts: set up
            Olga                 | Safety, Trees: set up
        """,
        exists="""
            the cohort Birds, the cohort Beasts, the cohort Trees | channels
            Birds  | channels | 12 Jan, 19 Jan, 26 Jan, 2 Feb | 12 Jan
            Beasts | channels | 13 Jan, 20 Jan, 27 Jan, 3 Feb | 13 Jan
            Trees  | channels | 14 Jan, 21 Jan, 28 Jan, 4 Feb | 14 Jan
        """,
        issues="""
            Birds, Beasts, Trees | Set up. No one from this group has joined the Discord server yet.
        """,
    ),
    Stage(
        "join",
        "5 January. The first two and the facilitator of each group sign in and join the server; "
        "the third ones wait. Heron 1 accepts, Heron 2 declines the first meeting.",
        posts="""
            Birds, Beasts, Trees | Welcome to {group} of Safety, {cohort}!
        """,
        access="""
            Birds 12, Beasts 12, Trees 12 | own, cohort | write
            Birds F, Beasts F, Trees F    | own         | lead
            Birds F, Beasts F, Trees F    | cohort      | write
        """,
    ),
    Stage(
        "late_starters",
        "8 January, 12:00. Those who have not answered were asked on the 6th, and Trees' third ones "
        "reminded to join on the 7th; for the others that day was too soon after the letter. "
        "Beasts' third ones join.",
        letters="""
            Birds, Beasts, Trees, not Heron 12 | Are you coming to {group}?
            Trees 3                            | You're in {group}: 2 steps before your first meeting
        """,
        posts="""
            Beasts | {group} 3 has joined {group}. Welcome!
        """,
        access="""
            Beasts 3 | own, cohort | write
        """,
        exists="""
            Birds  | channels | 12 Jan, 19 Jan, 26 Jan, 2 Feb | 12 Jan, 19 Jan
            Beasts | channels | 13 Jan, 20 Jan, 27 Jan, 3 Feb | 13 Jan, 20 Jan
            Trees  | channels | 14 Jan, 21 Jan, 28 Jan, 4 Feb | 14 Jan, 21 Jan
        """,
    ),
    Stage(
        "birds_break",
        "8 January, 15:00. Birds skip a week: what follows is pushed back.",
        letters="""
            Birds | No meetings 18 January – 24 January: ski week
        """,
        posts="""
            Birds | No meetings 18 January – 24 January: ski week
        """,
        exists="""
            Birds | channels | 12 Jan, 26 Jan, 2 Feb, 9 Feb | 12 Jan, 26 Jan
        """,
        texts="""
            Wren 1 | No meetings 18 January – 24 January: ski week | the last is on 9 February
        """,
    ),
    Stage(
        "beasts_break_undone_in_time",
        "8 January, 16:00. A break of Beasts is undone while it waits: nobody notices.",
    ),
    Stage(
        "trees_break",
        "8 January, 17:00. Trees skip a week, too.",
        letters="""
            Trees | No meetings 18 January – 24 January
        """,
        posts="""
            Trees | No meetings 18 January – 24 January
        """,
        exists="""
            Trees | channels | 14 Jan, 28 Jan, 4 Feb, 11 Feb | 14 Jan, 28 Jan
        """,
    ),
    Stage(
        "trees_break_undone",
        "8 January, 18:00. It is taken back once it has taken effect: everything is as before.",
        letters="""
            Trees | Meetings 18 January – 24 January after all
        """,
        posts="""
            Trees | Meetings 18 January – 24 January after all
        """,
        exists="""
            Trees | channels | 14 Jan, 21 Jan, 28 Jan, 4 Feb | 14 Jan, 21 Jan
        """,
    ),
    Stage(
        "third_ones",
        "12 January, 10:00. The third ones were reminded three days before, and Birds of today's "
        "meeting, except Heron 2, who is not coming. They join, apart from Ash 3.",
        letters="""
            Birds 3, Trees 3    | You're in {group}: 2 steps before your first meeting
            Birds, not Heron 2  | Week 1 of {group}: Tuesday 12 January 2027, 18:00 (Europe/Berlin)
        """,
        posts="""
            Birds                 | Week 1 begins
            Birds, Trees, not Ash | {group} 3 has joined {group}. Welcome!
        """,
        access="""
            Birds 3, Trees 3, not Ash 3 | own, cohort | write
        """,
    ),
    Stage(
        "first_week",
        "15 January, 12:00. Everyone was reminded a day and an hour before.",
        letters="""
            Birds, not Heron 2 | Week 1 of {group}: Tuesday 12 January 2027, 18:00 (Europe/Berlin)
            Beasts | 2x Week 1 of {group}: Wednesday 13 January 2027, 18:00 (Europe/Berlin)
            Trees  | 2x Week 1 of {group}: Thursday 14 January 2027, 18:00 (Europe/Berlin)
        """,
        posts="""
            Birds         | Week 1 begins
            Beasts, Trees | 2x Week 1 begins
        """,
        exists="""
            Birds  | channels | 12 Jan, 26 Jan, 2 Feb, 9 Feb  | 26 Jan
            Beasts | channels | 13 Jan, 20 Jan, 27 Jan, 3 Feb | 20 Jan, 27 Jan
            Trees  | channels | 14 Jan, 21 Jan, 28 Jan, 4 Feb | 21 Jan, 28 Jan
        """,
    ),
)
