"""A local server that implements the HTTP APIs of Discord and Google Calendar.

It serves both (`discordsync.sandbox`, `calendarsync.sandbox`) on one port of 127.0.0.1, and adds
what belongs to neither: the journal of calls, faults, rate limits, a clock, a state file, a page
and the control endpoints. `docs/sandbox.md` has an example of each.
"""
