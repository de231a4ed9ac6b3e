"""Time of a device that several processes share: at most the clock's, however many they are.

What is stored of a process is how long it worked, and when its first and its last result came. Its
work is spread evenly between these. Where processes of one device overlap, their work together
takes no more of the device than the clock went on. That is no less than the time in which any of
them worked evenly, and no more than the sum of all.
"""

from __future__ import annotations

from collections import defaultdict
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from db.accounting import Spending


class Span(NamedTuple):
    """Work of one process between two times.

    Attributes:
        start: When it began, in s.
        end: When it ended, in s.
        busy: Seconds that it worked in between.
    """

    start: float
    end: float
    busy: float

    @property
    def rate(self) -> float:
        """Share of the time that it worked, at most 1."""
        return min(1.0, self.busy / (self.end - self.start))


def device_shares(spending: Iterable[Spending]) -> dict[str, float]:
    """Return, by device, the device's time for each second that its processes worked.

    It is 1 where no two of them overlap, and less where the device is shared. Devices and processes
    that nobody noted are left out.
    """
    devices: defaultdict[str, defaultdict[str, list[Span]]]
    devices = defaultdict(lambda: defaultdict(list))
    for each in spending:
        if each.device_id is None or each.process is None:
            continue
        if each.first_at is None or each.last_at is None or each.seconds <= 0:
            continue
        span = _span(each.first_at.timestamp(), each.last_at.timestamp(), each.seconds)
        devices[each.device_id][each.process].append(span)
    return {
        name: _share([span for spans in processes.values() for span in _apart(spans)])
        for name, processes in devices.items()
    }


def _span(first: float, last: float, busy: float) -> Span:
    """A process that worked so long began at least so long before its last result."""
    return Span(min(first, last - busy), last, busy)


def _apart(spans: Iterable[Span]) -> Iterator[Span]:
    """Lay together what overlaps of one process, which does one thing at a time."""
    current: Span | None = None
    for span in sorted(spans):
        if current is None:
            current = span
        elif span.start < current.end:
            last = max(current.end, span.end)
            current = _span(current.start, last, current.busy + span.busy)
        else:
            yield current
            current = span
    if current is not None:
        yield current


def _share(spans: Sequence[Span]) -> float:
    """Seconds of the device for each second that processes worked."""
    times = sorted({time for span in spans for time in (span.start, span.end)})
    of_device = of_processes = 0.0
    for start, end in pairwise(times):
        rate = sum(span.rate for span in spans if span.start <= start and span.end >= end)
        of_processes += rate * (end - start)
        of_device += min(1.0, rate) * (end - start)
    return of_device / of_processes if of_processes > 0 else 1.0
