"""Personal calendars: a feed at a secret address, and single meetings as files.

feed        selects the meetings and visits that belong in a calendar, and writes them
services    creates, replaces and revokes the secret address
"""
