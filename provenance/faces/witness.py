"""A witness as an ASGI app: `POST /add-checkpoint` of c2sp.org/tlog-witness, and nothing else."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, Final

from provenance.core import errors
from provenance.credentials.tlog.witnessing import MAX_REQUEST, SIZE_TYPE
from provenance.usecases.witness import Cosign

_PATH: Final = "/add-checkpoint"
_TEXT: Final = "text/plain; charset=utf-8"
_STATUS: Final[dict[type[errors.ProvenanceError], int]] = {
    errors.InvalidRequest: 400,
    errors.UntrustedSigner: 403,
    errors.InvalidSignature: 403,
    errors.NotFound: 404,
    errors.Conflict: 409,
    errors.LogProofInvalid: 422,
    errors.ProvenanceError: 503,
}
_log = logging.getLogger(__name__)

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]


class WitnessApp:
    """Refusals are part of the protocol: each has its status. What was refused for its history is logged."""

    def __init__(self, cosign: Cosign) -> None:
        self._cosign = cosign

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        status, media_type, body = await self._answer(scope, receive)
        headers = [
            (b"content-type", media_type.encode()),
            (b"content-length", str(len(body)).encode()),
            *([(b"allow", b"POST")] if status == 405 else []),
        ]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    async def _answer(self, scope: Message, receive: Receive) -> tuple[int, str, bytes]:
        if scope["path"] != _PATH:
            return 404, _TEXT, b"this is a witness: POST /add-checkpoint\n"
        if scope["method"] != "POST":
            return 405, _TEXT, b"POST /add-checkpoint\n"
        body = await _read(receive)
        if body is None:
            return 413, _TEXT, b"a request has at most 256 KiB\n"
        return await asyncio.to_thread(self._cosigned, body)

    def _cosigned(self, body: bytes) -> tuple[int, str, bytes]:
        try:
            return 200, _TEXT, self._cosign(body).encode()
        except errors.Conflict as conflict:
            return 409, SIZE_TYPE, f"{conflict.existing}\n".encode()
        except errors.ProvenanceError as error:
            status = next(_STATUS[kind] for kind in type(error).__mro__ if kind in _STATUS)
            if status >= 422:
                _log.error("not cosigned: %s", error.reason)
            return status, _TEXT, f"{error.reason}\n".encode()


async def _read(receive: Receive) -> bytes | None:
    """The request's body; None where it is too long."""
    body = bytearray()
    while True:
        message = await receive()
        body += message.get("body", b"")
        if len(body) > MAX_REQUEST:
            return None
        if not message.get("more_body", False):
            return bytes(body)
