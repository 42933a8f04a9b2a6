"""Services write visits.  They lock both groups in id order, then the person, and look again.

None of them calls Discord, Google or the queue: a changed visit announces both groups, and the
mirrors follow.
"""
