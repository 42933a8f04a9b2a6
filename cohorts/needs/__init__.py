"""What needs staff: the kinds of item on the Today page, and the facts that they share.

Each app registers its kinds in `AppConfig.ready()`, worst first by `order`:

    need_kinds.register(NeedKind("no_slot", "No weekly time", find_no_slot), order=30)

A kind reads what it needs of all open cohorts with a constant number of queries, and decides with a
pure function.  Reads that several kinds share go through `OpenCohorts.read`.
"""
