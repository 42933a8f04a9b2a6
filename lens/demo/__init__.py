"""`make run`: the whole system on this machine, with a sample academy and nothing outside it.

    __main__.py   the order of things: ports, sandbox, data, web, worker, and what to open
    local.py      ports, files and the environment of the processes
    family.py     the processes: one that dies, or a Ctrl-C, ends all
    sample.py     roster, accounts and who is in the sandbox's guild (`manage.py demo_data`)

The first three know nothing of Django, so that a port in use is told before anything is loaded.
"""
