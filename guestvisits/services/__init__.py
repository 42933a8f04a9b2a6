"""Services that write visits. They lock both groups in id order, then the person, and only then
read the facts and check the rules.

They never call Discord, Google or the task queue: a changed visit announces both groups, and the
reconciler updates the providers.
"""
