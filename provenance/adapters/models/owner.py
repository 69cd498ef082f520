"""A matcher behind a queue: many request threads, one owner.

Inference runtimes and vector indexes are fastest, and simplest to keep right, when a single thread drives them. Waiting
`describe` requests that are next in the queue are answered by one call, so that the embedder sees a batch.
"""

import threading
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from provenance.core.errors import Busy, Misconfigured, Unavailable
from provenance.core.ports import Aligned, Match, Matcher, Operation

if TYPE_CHECKING:
    from provenance.core.types import Pixels

MAX_BATCH: Final = 8
RETRY_AFTER: Final = 2  # seconds: about the time that a full queue of checks takes on one core


@dataclass(slots=True)
class _Request:
    """Either pictures to describe, which may be batched, or any other call, which may not."""

    pictures: "Sequence[Pixels] | None" = None
    call: Callable[[], Any] | None = None
    answer: Future[Any] = field(default_factory=Future)


class OwnedMatcher:
    """Implements the Matcher port on top of another matcher, which only the owner thread touches.

    Raises Busy where `places` requests wait already, Unavailable after `close`.
    """

    def __init__(self, matcher: Matcher, *, places: int) -> None:
        self._matcher = matcher
        self._places = places
        self._waiting: deque[_Request] = deque()
        self._wake = threading.Condition()
        self._closed = False
        self._models = tuple(matcher.models)
        self._thread = threading.Thread(target=self._run, name="models", daemon=True)
        self._thread.start()

    @property
    def models(self) -> Sequence[str]:
        return self._models

    @property
    def waiting(self) -> int:
        """Requests in the queue, for the metrics."""
        return len(self._waiting)

    def describe(self, pictures: "Sequence[Pixels]") -> Sequence[bytes]:
        answer: Sequence[bytes] = self._ask(_Request(pictures=pictures))
        return answer

    def match(self, picture: "Pixels", *, candidates: Sequence[str] = ()) -> Sequence[Match]:
        answer: Sequence[Match] = self._ask(_Request(call=lambda: self._matcher.match(picture, candidates=candidates)))
        return answer

    def explain(self, picture: "Pixels", *, candidates: Sequence[str] = ()) -> Sequence[Match]:
        answer: Sequence[Match] = self._ask(
            _Request(call=lambda: self._matcher.explain(picture, candidates=candidates))
        )
        return answer

    def align(self, picture: "Pixels", id_: str, /) -> Aligned | None:
        answer: Aligned | None = self._ask(_Request(call=lambda: self._matcher.align(picture, id_)))
        return answer

    def apply(self, operations: Iterable[Operation]) -> None:
        """Raises Misconfigured at an operation that the index can't use: other models made it."""
        listed = list(operations)
        try:
            self._ask(_Request(call=lambda: self._matcher.apply(listed)))
        except ValueError as error:
            raise Misconfigured(
                f"the index can't follow the record: {error}",
                hint="run `provenance index rebuild`; where PROVENANCE_EMBEDDER changed, `provenance reindex`",
            ) from error

    def succeed(self, matcher: Matcher) -> None:
        """Pass every request on to another matcher, once those that wait before this one are answered."""

        def take_over() -> None:
            self._matcher, self._models = matcher, tuple(matcher.models)

        self._ask(_Request(call=take_over))

    def seal(self) -> None:
        self._ask(_Request(call=self._matcher.seal))

    def checkpoint(self) -> int:
        return self._matcher.checkpoint()  # one integer; needs no turn in the queue

    def close(self) -> None:
        """Answer what waits, then stop. Safe to call twice."""
        with self._wake:
            self._closed = True
            self._wake.notify_all()
        self._thread.join()

    def _ask(self, request: _Request) -> Any:
        with self._wake:
            if self._closed:
                raise Unavailable("the service is shutting down")
            if len(self._waiting) >= self._places:
                raise Busy(f"{self._places} requests wait for the models already", retry_after=RETRY_AFTER)
            self._waiting.append(request)
            self._wake.notify()
        return request.answer.result()

    def _run(self) -> None:
        while True:
            with self._wake:
                while not self._waiting and not self._closed:
                    self._wake.wait()
                if not self._waiting:
                    return
                batch = self._next_batch()
            self._answer(batch)

    def _next_batch(self) -> list[_Request]:
        """The next request, with the describe requests right behind it where it is one itself: order is kept."""
        batch = [self._waiting.popleft()]
        while batch[0].pictures is not None and self._waiting and self._waiting[0].pictures is not None:
            if len(batch) == MAX_BATCH:
                break
            batch.append(self._waiting.popleft())
        return batch

    def _answer(self, batch: list[_Request]) -> None:
        try:
            answers = self._work(batch)
        except BaseException as error:  # noqa: BLE001  every waiting thread must hear of it, whatever it is
            if len(batch) > 1:  # one bad picture must not fail its neighbours
                for request in batch:
                    self._answer([request])
            else:
                batch[0].answer.set_exception(error)
            return
        for request, answer in zip(batch, answers, strict=True):
            request.answer.set_result(answer)

    def _work(self, batch: list[_Request]) -> list[Any]:
        if batch[0].call is not None:
            return [batch[0].call()]
        pictures = [picture for request in batch for picture in request.pictures or ()]
        described = list(self._matcher.describe(pictures))
        answers = []
        for request in batch:
            count = len(request.pictures or ())
            answers.append(described[:count])
            described = described[count:]
        return answers
