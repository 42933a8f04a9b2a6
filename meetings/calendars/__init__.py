"""Personal calendars: a feed at a secret address, and single meetings as files.

entries     selects the meetings and visits that belong in a calendar
ics         writes them as iCalendar (pure)
services    creates, replaces and revokes the secret address
"""
