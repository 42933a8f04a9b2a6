"""Joining a group, or switching to another one, by learners themselves or by staff.

join_rules.py  may this person join this group; pure
joinable.py    the groups to choose from, as learners and staff see them
effects.py     what a move would change for the person's visits
services.py    join or switch; the move itself is cohorts.services.memberships
"""
