"""Application commands, how people use them, and how a bot answers."""

from discordsync.sandbox.interactions import callbacks, commands, webhooks

ROUTES = commands.ROUTES
# The interaction's token in the path authorizes these calls; they carry no bot token.
OPEN_ROUTES = [*callbacks.ROUTES, *webhooks.ROUTES]

__all__ = ["OPEN_ROUTES", "ROUTES"]
