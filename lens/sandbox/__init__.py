"""A local server for replacements of outside services, which implement their HTTP APIs.

It serves them (`services.py` lists them) on one port of 127.0.0.1, and adds what belongs to none
of them: the journal of calls, faults, the counting of rate limits, a clock, a state file, a page
and the control endpoints. `docs/sandbox.md` has an example of each.
"""
