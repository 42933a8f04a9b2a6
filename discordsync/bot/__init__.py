"""The bot on Discord's gateway, another interface beside the web pages.

It authorizes requests, passes them to services, and answers; the providers and the outbox do the
work.  Everything also works without the bot, only later.

    an interaction, in order                         an event of the guild, in order
    gateway/gateway_client.py  defers at once        gateway/guild_listener.py  receives it
    pending.py                 stores a row          gateway/guild_changes.py   requests a sync
    handlers.py                checks permission
    replies/…                  request -> answer
    replies/rendering.py       answer -> JSON

Coroutines do not use the ORM: each handler calls one function through `gateway/threads.py` and gets
plain values back.  No important state is in memory: a button carries its whole request in its id,
and a pending answer is a row that the next process picks up.
"""
