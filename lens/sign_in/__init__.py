"""Signing in.

views.py           with a password, and "sign in as …" where everything outside is a sandbox
forms.py           the form of that page
password_reset.py  asking for a link to set a password
discord.py         with Discord: the way there and back, and who that is here
adapters.py        what django-allauth asks of us: no account is made, no page of its own is shown
profile.py         Discord's words for a person, as plain values
second_factor.py   how secrets of second factors are stored
requirement.py     staff reach nothing without a second factor
sessions.py        sessions of staff end after a time
confirmation.py    what needs password or code once more
receivers.py       what is logged
urls.py            every address
"""
