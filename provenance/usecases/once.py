"""Run a request once under its Idempotency-Key (draft-ietf-httpapi-idempotency-key-header-07)."""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from provenance.core.errors import InProgress, InvalidRequest
from provenance.core.ports import Clock, Store
from provenance.core.records import IdempotentResponse

KEEP: Final = timedelta(hours=24)
MAX_KEY: Final = 200

Answer = tuple[int, Mapping[str, Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Once:
    """The first request with a key runs; the same request again gets the stored answer; another body is an error.

    An answer that is an error is not stored, so that the client may try again. A process that dies in between leaves
    the key in flight; the register's own unique digests still keep the work single, and the key expires.
    """

    store: Store
    clock: Clock

    def __call__(self, owner: str, key: str | None, body: bytes, action: Callable[[], Answer]) -> Answer:
        """Raises InProgress while the first request is in flight, InvalidRequest when its body was another one."""
        if key is None:
            return action()
        if not 0 < len(key) <= MAX_KEY or not key.isascii() or not key.isprintable():
            raise InvalidRequest(f"an Idempotency-Key is 1 to {MAX_KEY} printable ASCII characters")
        mine = IdempotentResponse(owner, key, hashlib.sha256(body).hexdigest(), self.clock())
        with self.store.unit() as unit:
            first = unit.idempotency.begin(mine)
        if first is not None:
            return _replay(first, mine.request_hash)
        try:
            status, answer = action()
        except BaseException:
            with self.store.unit() as unit:
                unit.idempotency.forget(owner, key)
            raise
        with self.store.unit() as unit:
            unit.idempotency.finish(owner, key, status=status, body=answer)
        return status, answer

    def expire(self) -> int:
        with self.store.unit() as unit:
            return unit.idempotency.expire(self.clock() - KEEP)


def _replay(first: IdempotentResponse, request_hash: str) -> Answer:
    if first.request_hash != request_hash:
        raise InvalidRequest(
            "this Idempotency-Key was used for another request", hint="use a new key for a new request"
        )
    if first.status is None:
        raise InProgress("the first request with this Idempotency-Key is still in flight", hint="try again in a moment")
    return first.status, first.body
