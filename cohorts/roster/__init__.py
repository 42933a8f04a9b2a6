"""Roster import: a CSV file with one line per person in a group.

    decoding  bytes -> text                  which encoding it is
    reading   text -> table                  undo what spreadsheets do to the file
    columns   header -> columns              which column is which
    cells     text -> value                  one parser per column; with dates and slots
    rows      table -> rows                  the content of the file
    facts     the rows of the database that the file refers to
    planning  rows, facts -> changes         what to change, in words for the preview
    changes   the types of a plan, which is in roster_plan
    problems  what keeps a file from being imported, one for each cause

    plan_warnings, groups_after, twins       what is probably a mistake, although it can be imported

All pure except the loading of facts; `importing` applies a plan.  Every stage reports all problems
by line and continues, so that the user can fix the file in one pass.
"""
