"""Voice sessions in the groups' channels: recorded by the bot, kept for some days.

`voice_recording` stores what a connected bot sees; `detection` turns it into attendances in
`meetings`. The bot itself only observes (`discordsync.bot`).
"""
