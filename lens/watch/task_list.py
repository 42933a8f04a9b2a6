"""Which tasks a worker may run, and how a queued task is read without running anything.

A row of the queue or of the schedules is data: a person who can write one must not be able to
choose the code that a worker runs. So a worker runs only the functions in TASKS, and no hook.
"""

import io
import pickle
from collections.abc import Mapping
from typing import Any

from django_q import core_signing
from django_q.conf import Conf

from lens.schedules import TASKS

# What `async_task` puts into a package for our tasks.  All other options change what is run, how
# often, or where: a chain, a hook, "at once in this process".
FIELDS = frozenset(
    {"id", "name", "func", "args", "kwargs", "started", "group", "cluster", "ack_failure"}
)
PLAIN_CLASSES = frozenset({"datetime", "timedelta", "timezone"})  # of the module `datetime`


class UnreadablePackage(Exception):
    """The signature is wrong, or the package holds more than plain values."""


def read_package(payload: str) -> dict[str, Any]:
    """Return the task of a row of the queue.  Raises UnreadablePackage.

    django-q2 signs pickles, and a pickle can name any function to be called while it is read.
    """
    try:
        task = core_signing.loads(
            payload, key=Conf.SECRET_KEY, salt=Conf.PREFIX, serializer=_PlainSerializer
        )
    except Exception as error:  # a damaged pickle raises nearly anything
        raise UnreadablePackage(type(error).__name__) from error
    if not isinstance(task, dict):
        raise UnreadablePackage(type(task).__name__)
    return task


def why_refused(task: Mapping[str, Any]) -> str:
    """Return why a worker must not run this task, "" if it may."""
    if not is_listed(task.get("func")):
        return f"the function {short(task.get('func'))} is not on Lens's allowlist"
    if task.get("hook"):
        return f"the hook {short(task['hook'])} is not on Lens's allowlist"
    unknown = sorted(map(str, task.keys() - FIELDS - {"hook"}))
    return f"Lens does not set the option {short(', '.join(unknown))}" if unknown else ""


def is_listed(func: object) -> bool:
    return isinstance(func, str) and func in TASKS


def short(value: object) -> str:
    """Return a name from a row as one short line for a log."""
    return repr(str(value)[:80])


class _PlainUnpickler(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        if module == "datetime" and name in PLAIN_CLASSES:
            return super().find_class(module, name)
        raise pickle.UnpicklingError(f"{module}.{name} is not a plain value")


class _PlainSerializer:
    def loads(self, data: bytes) -> Any:
        return _PlainUnpickler(io.BytesIO(data)).load()
