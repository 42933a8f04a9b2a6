"""Moving meetings: the changes that people can make to them.

A row is never deleted or renumbered, so "same week" never changes. What each move does to the rows,
and to a calendar that holds one recurring event per group:

    move            start            place in rhythm    status      in the calendar
    --------------  ---------------  -----------------  ----------  --------------------------------
    reschedule      the new one      unchanged          held        the occurrence at its place,
                                                                    patched
    cancel          unchanged        unchanged          cancelled   that occurrence, cancelled
    restore         its place        unchanged          held        that occurrence, as it was
    postpone        a week later     a week later       unchanged   one occurrence cancelled; the
    (and all        (also if moved                                  last meeting a separate event
    later ones)     by hand)
    put last        the end          none               held        one occurrence cancelled; a
                                                                    separate event at the end
    add (an extra   the new one      none, and no       held        a separate event
    session)                         number
    change slot     the new slot's   the new slot's     unchanged   a new series from there on
                    (not if moved
                    by hand)

Postponed weeks and earlier slots are stored as part of the rhythm (`SkippedWeek`, `EarlierSlot`),
so that places can be recomputed at any time. The other moves set `touched_at`: such a meeting does
not follow later changes of the slot.

    moves, types   the requests; the input and the result of the rules
    rules          what a move does to the rows, or why it is refused (pure)
    concluding     what has changed, and whether meetings overlap (pure)
    facts          the queries for what the rules decide on
    wall_time      wall times that people enter, across clock changes (pure)
    clashes        overlaps with other meetings of the same people
    preview        everything a move would change, without changing it
    forecasts      how many e-mails calendars will send about it
    services       carrying it out
    history        recording moves, for messages about them
    term_preview   previews of another start date or number of meetings
    forms, steps   what pages and admin share: fill in, preview, confirm
"""
