"""Application commands, what people do with them, and how a bot answers."""

from discordsync.sandbox.interactions import callbacks, commands, webhooks

ROUTES = commands.ROUTES
# Whoever holds an interaction's token may answer it; these calls carry no bot token.
OPEN_ROUTES = [*callbacks.ROUTES, *webhooks.ROUTES]

__all__ = ["OPEN_ROUTES", "ROUTES"]
