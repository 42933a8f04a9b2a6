"""Merging a group into another one of the same cohort.

    who                                  what happens
    -----------------------------------  ---------------------------------------------------------
    participants                         members of the other group; the old membership ends: moved
    participants who are there already   only the old membership ends
    facilitators, if staff tick it       the same as participants; otherwise theirs ends
    guests of meetings ahead, if ticked  their visit is now to the other group's meeting of that
                                         week; it ends if there is none, or they are members there
    visits of the participants           elsewhere: kept, for the new home meeting; to the other
                                         group: end, since they are members now

The old group becomes an archive: its last members can read its channels for a while. RSVPs are not
carried over.

    merge_plan   who and what a merge concerns
    services     writing it
    merge_step   the cohort step, with its form and letter
"""

MERGE = "merge"  # the kind of step
