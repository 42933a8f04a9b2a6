"""The bot on Discord's gateway: one more door.

It authorizes, writes the wish through services, and answers; mirrors and outbox do the work, and
everything also works with the bot off, only later.

    an interaction                          an event of the guild
    client.py     defers at once            listening.py   maps it to one function of
    verbs.py      who may ask what          notices.py     what it means for our groups
    learners.py, reminding.py, realizing.py
                  Ask -> Answer, plain
    rendering.py  Answer -> Discord's JSON
    replies.py    what is not answered yet, in the database

The ORM stays outside of coroutines: each door handler calls one function through `threads.py` and
gets plain values back.  Nothing that matters is in memory: a button carries its whole question in
its id, and an answer that is still owed is a row that the next process takes up.
"""
