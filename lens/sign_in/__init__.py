"""Signing in.

views.py           with a password, and "sign in as …" where everything outside is a sandbox
password_reset.py  asking for a link to set a password
discord.py         with Discord: the way there and back, and who that is here
adapters.py        what django-allauth asks of us: no account is made, no page of its own is shown
profile.py         Discord's words for a person, as plain values
urls.py            every address
"""
