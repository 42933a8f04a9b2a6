"""Removing the channels, roles and categories of groups that have ended, once staff approve.

review     staff ask for it; a worker lists what is due, with each object's age and last message
decide     staff approve by name, or keep: a kept object is no longer ours
plan       `discordsync.plan.removals` orders the deletions and withholds what has changed
apply      the last message is compared again, directly before the channel is deleted
"""
