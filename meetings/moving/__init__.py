"""Moving meetings: what a person may do to them after they were written.

A row is never deleted and never gets another number, so that "same week" stays what it was.  What
each move does to the rows, and what a calendar with one series per group makes of it:

    move            start            place in rhythm    status      outside
    --------------  ---------------  -----------------  ----------  --------------------------------
    reschedule      the new one      stays              held        the occurrence at its place,
                                                                    patched
    cancel          stays            stays              cancelled   that occurrence, cancelled
    restore         its place        stays              held        that occurrence, as it was
    postpone        a week later     a week later       stays       one occurrence cancelled; the
    (and all        (also of those                                  last meeting an event of its own
    later ones)     moved by hand)
    put last        the end          none               held        one occurrence cancelled; an
                                                                    event of its own at the end
    add (an extra   the new one      none, and no       held        an event of its own
    session)                         number
    change slot     the new slot's   the new slot's     stays       a new series from there on
                    (not of those
                    moved by hand)

A postponed week and an earlier slot are facts of the rhythm (`SkippedWeek`, `EarlierSlot`), from
which places follow at any time again.  The other moves set `touched_at`: such a meeting follows no
later change of the slot.

    moves          what can be asked for
    rules          what a move does to the rows, or why it is refused (pure)
    clashes        which other meetings of the same people overlap
    preview        all of it before anything is changed
    services       the same, carried out
"""
