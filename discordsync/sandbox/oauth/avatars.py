"""Avatars, as Discord's CDN serves them: a single colour each, derived from the hash."""

import re
import struct
import zlib

from aiohttp import web

from discordsync.sandbox.guild import Guild

SIDE = 16
FILE = re.compile(r"((?:a_)?([0-9a-f]{6})[0-9a-f]{26})\.png")


def serve(guild: Guild, request: web.Request) -> web.Response:
    """Serve a person's current avatar.  404 for any other."""
    named = FILE.fullmatch(request.match_info["file"])
    user = guild.state["users"].get(request.match_info["user_id"], {})
    if named is None or named[1] != user.get("avatar"):
        raise web.HTTPNotFound
    return web.Response(body=draw(bytes.fromhex(named[2])), content_type="image/png")


def draw(colour: bytes) -> bytes:
    """Return a PNG of that colour (red, green, blue)."""
    rows = (b"\0" + colour * SIDE) * SIDE
    header = struct.pack(">IIBBBBB", SIDE, SIDE, 8, 2, 0, 0, 0)
    parts = [(b"IHDR", header), (b"IDAT", zlib.compress(rows)), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunk(kind, data) for kind, data in parts)


def chunk(kind: bytes, data: bytes) -> bytes:
    checksum = struct.pack(">I", zlib.crc32(kind + data))
    return struct.pack(">I", len(data)) + kind + data + checksum


def routes(guild: Guild) -> list[web.RouteDef]:
    async def answer(request: web.Request) -> web.Response:
        return serve(guild, request)

    return [web.get("/avatars/{user_id}/{file}", answer)]
