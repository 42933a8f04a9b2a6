"""Discord's gateway: a websocket that reports to a bot at once what happens in the guild."""

from discordsync.sandbox.gateway.gateway_controls import break_gateway
from discordsync.sandbox.gateway.hub import Hub
from discordsync.sandbox.gateway.route import address_routes, gateway_route

__all__ = ["Hub", "address_routes", "break_gateway", "gateway_route"]
