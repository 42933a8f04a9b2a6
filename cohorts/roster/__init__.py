"""A roster: a CSV file with one line per person in a group.

    reading   bytes -> rows                  what a spreadsheet did to the file
    cells     text -> value                  one column each
    lines     rows -> lines                  what the file says
    facts     what the database says, as frozen values
    plan      lines, facts -> changes        what is to be done, in words for the preview
    changes   the shapes of a plan

All pure but the loading of facts; `cohorts.services.roster` carries a plan out.  Every stage tells
all that is wrong with the file, by line, and goes on, so that a person mends it once.
"""
