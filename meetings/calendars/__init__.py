"""A person's own calendar: a feed at a secret address, and one meeting as a file.

entries     which meetings and visits belong in it
ics         how they are written (pure)
services    the secret address: made, made anew, revoked
"""
