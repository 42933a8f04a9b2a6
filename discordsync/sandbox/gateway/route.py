"""The gateway's route, `/gateway` on the port of the REST API, and the endpoints that name it."""

from aiohttp import web

from discordsync.sandbox.calls import Answer, Call, Route
from discordsync.sandbox.gateway.close_codes import SENTENCES, CloseCode
from discordsync.sandbox.gateway.connection import Connection
from discordsync.sandbox.gateway.hub import Hub
from discordsync.sandbox.guild import Guild

PATH = "/gateway"
VERSION = "10"
COMPRESSIONS = (None, "zlib-stream")


def gateway_route(hub: Hub) -> web.RouteDef:
    async def serve(request: web.Request) -> web.StreamResponse:
        refusal = refuse(request, is_open=hub.guild.setting("gateway_open"))
        if refusal is not None:
            return refusal
        # Discord compresses inside the frames; the websocket's own compression is another one.
        socket = web.WebSocketResponse(compress=False)
        await socket.prepare(request)
        if request.query.get("v") != VERSION:
            code = CloseCode.INVALID_API_VERSION
            await socket.close(code=code, message=SENTENCES[code].encode())
            return socket
        connection = Connection(
            socket,
            request,
            address=address_of(request.host),
            interval=hub.guild.setting("heartbeat_seconds"),
            compressed=request.query.get("compress") is not None,
        )
        await hub.serve(connection)
        return socket

    return web.get(PATH, serve)


def address_routes(hub: Hub) -> list[Route]:
    """Return the REST endpoints that name the gateway's address: this server, never Discord's."""

    def get_gateway(_world: Guild, call: Call) -> Answer:
        return 200, {"url": address_of(call.host)}

    def get_gateway_bot(_world: Guild, call: Call) -> Answer:
        limit = hub.session_start_limit()
        url = address_of(call.host)
        return 200, {"url": url, "shards": 1, "session_start_limit": limit}

    return [("GET", "/gateway", get_gateway), ("GET", "/gateway/bot", get_gateway_bot)]


def refuse(request: web.Request, *, is_open: bool) -> web.Response | None:
    """Return an error response if the gateway is closed or cannot serve what is requested.

    It does not support ETF, nor compression with zstd.
    """
    if not is_open:
        return web.Response(status=503, text="The gateway is closed.")
    if request.query.get("encoding", "json") != "json":
        return web.Response(status=501, text="The sandbox's gateway supports only JSON.")
    if request.query.get("compress") not in COMPRESSIONS:
        return web.Response(
            status=501, text="The sandbox's gateway supports only zlib compression."
        )
    return None


def address_of(host: str) -> str:
    return f"ws://{host}{PATH}"
