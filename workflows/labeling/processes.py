"""Shards made by several processes at once."""

from __future__ import annotations

import multiprocessing
import os
from concurrent.futures import FIRST_COMPLETED, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from itertools import islice
from typing import TYPE_CHECKING, Any

from facet.errors import FacetError
from workflows.labeling.worker import make_shard_here, start_process

if TYPE_CHECKING:
    from collections.abc import Iterator
    from concurrent.futures import Future

    from workflows.labeling.worker import Task, Work

    Note = dict[str, Any]


class WorkerDiedError(FacetError):
    """A worker process that ended without an answer."""


def in_processes(tasks: Iterator[Task], work: Work, processes: int) -> Iterator[Note]:
    """Make shards in processes of one thread each; they end with this one, however it ends.

    Yields:
        The notes of the shards, in order of completion.

    Raises:
        WorkerDiedError: A process was killed, or could not start.
    """
    others = set(multiprocessing.active_children())
    context = multiprocessing.get_context("spawn")
    with _one_thread_each():
        executor = ProcessPoolExecutor(processes, context, start_process, (work,))
        try:
            yield from _answers(executor, tasks, 2 * processes)
        except BrokenProcessPool as error:
            raise WorkerDiedError(
                "A labeling process died, perhaps for lack of memory; run the same command again "
                "to go on, with fewer --processes if it happens again."
            ) from error
        except BaseException:
            for child in set(multiprocessing.active_children()) - others:
                child.terminate()
            raise
        finally:
            executor.shutdown(cancel_futures=True)


def _answers(
    executor: ProcessPoolExecutor, tasks: Iterator[Task], num_waiting: int
) -> Iterator[Note]:
    """Hand out shards as there is room for them, so that a long input is never held as a whole."""
    running: set[Future[Note]] = set()
    while True:
        room = num_waiting - len(running)
        running |= {executor.submit(make_shard_here, task) for task in islice(tasks, room)}
        if not running:
            return
        done, running = wait(running, return_when=FIRST_COMPLETED)
        for each in done:
            yield each.result()


@contextmanager
def _one_thread_each() -> Iterator[None]:
    """Let processes that start meanwhile use one thread: more of them collapse on busy cores."""
    before = os.environ.get("OMP_NUM_THREADS")
    os.environ["OMP_NUM_THREADS"] = "1"
    try:
        yield
    finally:
        if before is None:
            del os.environ["OMP_NUM_THREADS"]
        else:
            os.environ["OMP_NUM_THREADS"] = before
