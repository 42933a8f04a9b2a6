"""Voice sessions in the groups' channels: recorded by the bot, kept for some days.

`recording` stores what a connected bot sees; `detection` turns it into attendances in `meetings`.
The bot itself only observes (`discordsync.bot`).
"""
