"""Roster import: a CSV file with one line per person in a group.

    reading   bytes -> rows                  undo what spreadsheets do to the file
    cells     text -> value                  one parser per column
    lines     rows -> lines                  the content of the file
    facts     frozen values from the database
    plan      lines, facts -> changes        what to change, in words for the preview
    changes   the types of a plan

All pure except the loading of facts; `importing` applies a plan.  Every stage reports all problems
by line and continues, so that the user can fix the file in one pass.
"""
