"""Things done at the same moment by real processes, each with its own connection."""

from __future__ import annotations

import multiprocessing
import traceback
from collections.abc import Callable, Sequence
from multiprocessing.queues import Queue
from multiprocessing.synchronize import Barrier

from django.db import connection, connections

from cohorts.errors import Refusal

DONE = "done"
DEADLINE = 60  # seconds; a process that takes longer waits for someone for ever

# Forked, so that fifty of them cost no fifty starts of Django.
_context = multiprocessing.get_context("fork")


def race(*calls: Callable[[], object]) -> list[str]:
    """Call each in a process of its own, all at once.

    Returns in order DONE, the name of a refusal, or the text of an error.
    """
    connections.close_all()  # a child that inherits a connection would end it for its parent
    barrier, answers = _context.Barrier(len(calls)), _context.Queue()
    processes = [
        _context.Process(target=_run, args=(number, call, barrier, answers))
        for number, call in enumerate(calls)
    ]
    for process in processes:
        process.start()
    found = dict(answers.get(timeout=DEADLINE) for _ in calls)
    for process in processes:
        process.join(DEADLINE)
    return [found[number] for number in range(len(calls))]


def _run(number: int, call: Callable[[], object], barrier: Barrier, answers: Queue) -> None:
    try:
        connections["default"].ensure_connection()
        barrier.wait(DEADLINE)
        answers.put((number, _answer(call)))
    except BaseException:  # the parent waits for an answer, whatever it is
        answers.put((number, traceback.format_exc()))
    finally:
        connections.close_all()


def _answer(call: Callable[[], object]) -> str:
    try:
        call()
    except Refusal as refusal:
        return refusal.code
    return DONE


def waits_for_a_lock() -> bool:
    """Return whether a transaction waits for another one, for `wait_until`."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM pg_locks WHERE NOT granted")
        return cursor.fetchone() is not None


def tally(answers: Sequence[str]) -> dict[str, int]:
    return {answer: answers.count(answer) for answer in sorted(set(answers))}
