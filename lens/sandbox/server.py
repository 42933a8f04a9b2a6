"""The server, which listens on one port of this machine and on no other address."""

import asyncio
import errno
import signal
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from aiohttp import web

from lens.sandbox.control import ControlEndpoints, report_errors
from lens.sandbox.errors import SandboxError
from lens.sandbox.page import Page
from lens.sandbox.pipeline import handle_calls
from lens.sandbox.sandbox import Sandbox

# There is no access control, so only this machine may connect.
HOST = "127.0.0.1"
LOCAL_NAMES = frozenset({"127.0.0.1", "localhost"})
MAX_BODY = 64 * 1024 * 1024
SHUTDOWN_SECONDS = 1.0


def build_app(sandbox: Sandbox) -> web.Application:
    """Return the application for a sandbox. It must run in the sandbox's event loop."""
    app = web.Application(
        client_max_size=MAX_BODY,
        middlewares=[refuse_other_sites, report_errors, handle_calls(sandbox)],
    )
    app.add_routes(Page(sandbox).routes())
    app.add_routes(ControlEndpoints(sandbox).routes())
    for service in sandbox.services:
        app.add_routes(service.routes())

    async def release(_: web.Application) -> None:
        sandbox.release_calls()
        for service in sandbox.services:
            service.close_connections()

    async def close(_: web.Application) -> None:
        sandbox.close()

    app.on_shutdown.append(release)
    # After the last connection is closed, so that every answered change is saved.
    app.on_cleanup.append(close)
    return app


@web.middleware
async def refuse_other_sites(
    request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
) -> web.StreamResponse:
    """Refuse other sites' pages that are open in a browser on this machine."""
    origin = request.headers.get("Origin")
    for address in (f"//{request.host}", origin):
        if address is not None and host_of(address) not in LOCAL_NAMES:
            raise web.HTTPForbidden(text="The sandbox can be used from this machine only.")
    return await handler(request)


def host_of(address: str) -> str | None:
    try:
        return urlsplit(address).hostname
    except ValueError:
        return None


async def start(app: web.Application, port: int) -> tuple[web.AppRunner, str]:
    """Listen on a port (0 for a free one); return the runner and the address.

    Raises SandboxError if the port cannot be used.
    """
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=SHUTDOWN_SECONDS)
    await runner.setup()
    try:
        await web.TCPSite(runner, HOST, port).start()
    except OSError as error:
        await runner.cleanup()
        raise SandboxError(explain_port(port, error)) from error
    return runner, f"http://{HOST}:{runner.addresses[0][1]}"


def explain_port(port: int, error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        return (
            f"Port {port} is in use, perhaps by another sandbox. "
            "Stop that sandbox, or choose another port with --port."
        )
    return f"Port {port} cannot be used: {error.strerror}. Choose another port with --port."


async def serve(
    make_sandbox: Callable[[], Sandbox], *, port: int, ready: Callable[[str], Any]
) -> None:
    """Serve until SIGINT or SIGTERM. `ready` is called with the address once the server listens.

    Raises SandboxError if the port or a file cannot be used.
    """
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, ended.set)
    runner, url = await start(build_app(make_sandbox()), port)
    try:
        ready(url)
        await ended.wait()
    finally:
        await runner.cleanup()


def as_path(text: str | None) -> Path | None:
    return Path(text).expanduser() if text else None
