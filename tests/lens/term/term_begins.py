"""The first part of the list written by hand (`term_list.py`): until visits are booked."""

from __future__ import annotations

from tests.lens.term.handwritten import Stage

# ruff: noqa: E501 - a table; a row that is broken in two is read with difficulty

FIRST_STAGES = (
    Stage(
        "realize",
        "4 January, 13:00. Three cohorts are imported and realized; nobody is in the server.",
        emails="""
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
        "reminded to join on the 7th; for the others that day was too soon after the e-mail. "
        "Beasts' third ones join.",
        emails="""
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
        emails="""
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
        emails="""
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
        emails="""
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
        emails="""
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
        emails="""
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
    Stage(
        "someone_drops_out",
        "18 January, 10:00. Oak 2 drops out.",
        emails="""
            Oak 2 | You are no longer in Oak
        """,
        posts="""
            Oak | Oak 2 is no longer in Oak.
        """,
        access="""
            Oak 2 | own, cohort | nothing
        """,
    ),
    Stage(
        "someone_comes_late",
        "20 January, 11:00. Staff add Lena to Fox, which meets for the second time today.",
        emails="""
            Beasts | Week 2 of {group}: Wednesday 20 January 2027, 18:00 (Europe/Berlin)
            Lena   | You are now in Fox
        """,
        posts="""
            Beasts | Week 2 begins
        """,
        exists="""
            Birds | channels | 12 Jan, 26 Jan, 2 Feb, 9 Feb | 26 Jan, 2 Feb
        """,
    ),
    Stage(
        "a_group_ends",
        "21 January, 12:00. Lynx is cancelled: its people can read on.",
        emails="""
            Beasts           | Week 2 of {group}: Wednesday 20 January 2027, 18:00 (Europe/Berlin)
            Lena             | Week 2 of Fox: Wednesday 20 January 2027, 18:00 (Europe/Berlin)
            Trees, not Oak 2 | Week 2 of {group}: Thursday 21 January 2027, 18:00 (Europe/Berlin)
            Lynx             | Lynx has ended
        """,
        posts="""
            Beasts, Trees | Week 2 begins
            Lynx          | Lynx has ended
        """,
        access="""
            Lynx | own, cohort | read
        """,
        exists="""
            Beasts | channels | 13 Jan, 20 Jan, 27 Jan, 3 Feb | 27 Jan, 3 Feb
            Lynx   | channels | 13 Jan, 20 Jan
        """,
        texts="""
            Lynx 1 | Lynx has ended | You can read the channels until 20 February.
            Lynx 1 | Lynx has ended | 2 meetings still to come were cancelled.
        """,
    ),
    Stage(
        "someone_chooses_a_group",
        "22 January, 12:00. Staff let Beasts choose their group; Lynx 1 joins Fox by the API. "
        "Lena is asked whether she comes.",
        emails="""
            Trees, not Oak 2 | Week 2 of {group}: Thursday 21 January 2027, 18:00 (Europe/Berlin)
            Lena             | Are you coming to Fox?
            Lynx 1           | You are now in Fox
        """,
        posts="""
            Trees | Week 2 begins
            Fox   | Lynx 1 has joined Fox. Welcome!
        """,
        access="""
            Lynx 1 | Fox, cohort | write
        """,
        exists="""
            Trees | channels | 14 Jan, 21 Jan, 28 Jan, 4 Feb | 28 Jan, 4 Feb
        """,
    ),
    Stage(
        "the_late_one_joins",
        "24 January, 12:00. Lena was reminded once, on the 23rd, and joins. Lynx 1, who joined Fox "
        "two days ago, is asked.",
        emails="""
            Lena   | You're in Fox: 2 steps before your next meeting
            Lynx 1 | Are you coming to Fox?
        """,
        posts="""
            Fox | Lena has joined Fox. Welcome!
        """,
        access="""
            Lena | Fox, Beasts | write
        """,
    ),
    Stage(
        "visits",
        "27 January, 20:00. Three people book a visit in week 3: Owl 1 to Heron, Heron 2 to Owl, "
        "Heron 3 to Wren.",
        emails="""
            Birds            | 2x Week 2 of {group}: Tuesday 26 January 2027, 18:00 (Europe/Berlin)
            Beasts, not Lynx | 2x Week 3 of {group}: Wednesday 27 January 2027, 18:00 (Europe/Berlin)
            Lena, Lynx 1     | 2x Week 3 of Fox: Wednesday 27 January 2027, 18:00 (Europe/Berlin)
            Trees, not Oak 2 | Week 3 of {group}: Thursday 28 January 2027, 18:00 (Europe/Berlin)
            Owl 1            | You're visiting Heron in week 3
            Heron 2          | You're visiting Owl in week 3
            Heron 3          | You're visiting Wren in week 3
        """,
        posts="""
            Birds            | 2x Week 2 begins
            Beasts, not Lynx | 2x Week 3 begins
            Trees            | Week 3 begins
            Heron | Owl 1 is joining this week's meeting as a guest from Owl
            Owl   | Heron 2 is joining this week's meeting as a guest from Heron
            Wren  | Heron 3 is joining this week's meeting as a guest from Heron
            Heron | Heron 2 is away from our meeting on
            Heron | Heron 3 is away from our meeting on
            Owl   | Owl 1 is away from our meeting on
        """,
        access="""
            Owl 1   | Heron | write
            Heron 2 | Owl   | write
            Heron 3 | Wren  | write
        """,
        exists="""
            Birds  | channels | 12 Jan, 26 Jan, 2 Feb, 9 Feb  | 2 Feb, 9 Feb
            Beasts, not Lynx | channels | 13 Jan, 20 Jan, 27 Jan, 3 Feb | 27 Jan, 3 Feb
        """,
    ),
)
