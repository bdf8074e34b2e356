"""What may take long or hang, done in a thread beside the agent's loop: badges go on being read meanwhile."""

import contextlib
import os
import queue
import selectors
import threading
from collections import deque
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")
CLOSE_S = 1.0  # a process that is told to stop is gone within 2 s


class Side:
    """One thread that does one job after another and gives each result back in the loop.

    A job returns its refusals. One that raises is a bug: its traceback is printed, and the loop ends with an error.
    """

    def __init__(self, name: str, selector: selectors.BaseSelector) -> None:
        self._name = name
        self._selector = selector
        self._jobs: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        self._results: deque[Callable[[], None]] = deque()
        self._thread: threading.Thread | None = None
        self._lock = threading.Lock()
        self._is_closed = False
        self._out, self._in = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        selector.register(self._out, selectors.EVENT_READ, lambda _mask: self._take())

    def do(self, job: Callable[[], T], then: Callable[[T], None]) -> None:
        """Have ``job`` done in the thread, after those before it; ``then`` gets what it returned, in the loop."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name=self._name, daemon=True)
            self._thread.start()

        def work() -> None:
            ended_well = False
            try:
                done = job()
                ended_well = True
            finally:
                self.tell((lambda: then(done)) if ended_well else self._fail)

        self._jobs.put(work)

    def tell(self, act: Callable[[], None]) -> None:
        """Have something done in the loop; from any thread, in the order of the calls."""
        with self._lock:
            if self._is_closed:
                return
            self._results.append(act)
            with contextlib.suppress(BlockingIOError):  # a wake-up is waiting already
                os.write(self._in, b"x")

    def close(self) -> bool:
        """Listen no more; whether the jobs that waited were done. A thread that hangs ends with the process."""
        with self._lock:
            self._is_closed = True
            self._selector.unregister(self._out)
            os.close(self._in)
            os.close(self._out)
        self._jobs.put(None)
        if self._thread is not None:
            self._thread.join(CLOSE_S)
        return self._thread is None or not self._thread.is_alive()

    def _run(self) -> None:
        while (job := self._jobs.get()) is not None:
            job()

    def _take(self) -> None:
        os.read(self._out, 4096)
        while self._results and not self._is_closed:
            self._results.popleft()()

    def _fail(self) -> None:
        raise RuntimeError(f"a job of {self._name} failed")
