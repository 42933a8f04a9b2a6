"""Voice sessions in the groups' channels: recorded by the bot, kept for some days.

`hearing` stores what a connected bot sees; `noting` turns it into attendances in `meetings`.  The
bot itself only observes (`discordsync.bot`).
"""
