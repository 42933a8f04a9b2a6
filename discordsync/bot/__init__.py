"""The bot on Discord's gateway, another interface beside the web pages.

It authorizes requests, passes them to services, and answers; the providers and the outbox do the
work.  Everything also works without the bot, only later.

    an interaction                          an event of the guild
    client.py     defers at once            listening.py   maps it to one function of
    verbs.py      who may ask what          notices.py     what it means for our groups
    learners.py, reminding.py, realizing.py
                  Ask -> Answer, plain
    rendering.py  Answer -> Discord's JSON
    replies.py    pending answers, in the database

Coroutines do not use the ORM: each handler calls one function through `threads.py` and gets plain
values back.  No important state is in memory: a button carries its whole request in its id, and a
pending answer is a row that the next process picks up.
"""
