"""Sign-in.

views.py           sign-in with a password and its form, and "sign in as …" with the sandbox
discord.py         sign-in with Discord: the redirect and the callback
join_server.py     the button "Join the server", which uses Discord's consent once
adapters.py        django-allauth's adapters: matching of Discord accounts, and no sign-up
pages.py           pages for each way in which sign-in with Discord can fail
profile.py         Discord's user object as plain values
second_factor.py   how secrets of second factors are stored, and that staff need one
sessions.py        expiry of staff sessions
confirmation.py    what requires the password or a code again
receivers.py       what is logged
urls.py            every URL
"""
