"""Call functions that use the database from the event loop."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import ParamSpec, TypeVar

from django.db import close_old_connections

P = ParamSpec("P")
T = TypeVar("T")

# Each thread keeps a connection.  An answer that waits for a lock does not block the others.
_threads = ThreadPoolExecutor(max_workers=4, thread_name_prefix="bot")


async def in_thread(function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Call a function that uses the ORM in a thread.  It must take and return plain values."""
    loop = asyncio.get_running_loop()
    return await loop.run_in_executor(_threads, lambda: _call(function, *args, **kwargs))


def _call(function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    close_old_connections()
    try:
        return function(*args, **kwargs)
    finally:
        close_old_connections()
