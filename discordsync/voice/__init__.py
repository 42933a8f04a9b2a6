"""Who was in the groups' voice channels: heard by the bot, kept for some days, told to `meetings`.

`hearing` writes down what a connected bot sees; `noting` makes attendances of it.  The bot itself
only looks (`discordsync.bot`).
"""
