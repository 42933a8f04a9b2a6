"""Steps: changes to a whole cohort, previewed, confirmed, and carried out after a few minutes.

    form ──> preview ──confirmed──> WAITING ──due──> DONE ──> taken back by a step of another kind
                                     │    └────────> STOPPED  the preview no longer holds
                                     └──Undo───────> UNDONE   no one gets a message

A kind of step (`registry.StepKind`) is registered by the app that knows its rules; this package
does the rest, in the same way for all kinds: pages, the waiting time, the second check, one letter
per person over all groups, one post per channel, and the e-mail if it was stopped.

    registry     what a kind of step must provide; previews
    letters      the text that staff edit and its placeholders (pure)
    services     ask for, undo and carry out a step
    messages     letters, posts, and the e-mail that a step was stopped
    tasks        the task that carries out what is due
    failing      what cannot be carried out, for the Today page
    admin        the staff pages
"""
