"""A local server that speaks Discord's and Google Calendar's own HTTP APIs.

It mounts the two worlds (`discordsync.sandbox`, `calendarsync.sandbox`) on one port of
127.0.0.1 and adds what belongs to neither: the journal of calls, faults, rate limits, a
clock, a state file, a page and the control door. `docs/sandbox.md` shows each by example.
"""
