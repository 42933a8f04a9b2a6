"""`make run`: the whole system on this machine, with a sample academy and no outside services.

    __main__.py   the steps: ports, sandbox, data, web, worker, and what to open
    local.py      ports, files and the environment of the processes
    processes.py  the processes: if one dies, or on Ctrl-C, all are ended
    sample.py     roster, accounts and members of the sandbox's guild (`manage.py demo_data`)

The first three do not import Django, so that a port in use is reported before anything is loaded.
"""
