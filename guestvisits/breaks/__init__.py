"""Breaks: a range of dates without meetings, for a whole cohort.

    meeting in the range                            pushed back               dropped
    ----------------------------------------------  ------------------------  ---------
    follows the rhythm                              its week is skipped, so   cancelled
                                                    it and all later ones
                                                    are a week later
    has begun                                       unchanged                 unchanged
    moved by hand, or an extra session: unticked    unchanged                 unchanged
                                        ticked      as many weeks later       cancelled

"In the range" is a meeting whose regular start falls on one of the days, on the group's own clock.
Numbers never change. A skipped week is a `SkippedWeek`, as when one group postpones.

    break_rules     what a break and its undoing do to one group's rows (pure)
    wording         what people and channels read (pure)
    visits          what becomes of visits
    services        writing it
    break_steps     the two kinds of cohort step, with their forms
"""
