"""An RFC 3161 client: ask, and believe nothing of the answer that can be checked."""

import secrets
from collections.abc import Sequence
from typing import Final

from cryptography import x509

from provenance.adapters.http import Poster
from provenance.core.errors import Misconfigured, Unavailable, VerificationError
from provenance.credentials.pki import timestamps, tokens

_QUERY: Final = "application/timestamp-query"
_REPLY: Final = "application/timestamp-reply"
_NONCE_BITS: Final = 63
_HINT: Final = "check PROVENANCE_TSA_URL and PROVENANCE_TSA_ANCHORS"


class HttpTimestamper:
    """Satisfies `core.ports.Timestamper`.

    With `anchors` the token's signature and chain are checked too; without, its imprint and nonce alone, and it is for
    a verifier to know the authority.
    """

    def __init__(self, url: str, *, poster: Poster | None = None, anchors: Sequence[x509.Certificate] = ()) -> None:
        """`url` may be any http(s) address: the operator chose it. Raises Misconfigured for anything else."""
        if not url.startswith(("https://", "http://")):
            raise Misconfigured("the time-stamping authority's address is no http or https URL", hint=_HINT)
        self._url: Final = url
        self._poster: Final = poster or Poster(body_bytes=timestamps.MAX_RESPONSE)
        self._anchors: Final = tuple(anchors)

    def timestamp(self, imprint: bytes) -> bytes:
        """The DER TimeStampToken over a SHA-256 imprint (32 bytes), certificates included.

        Raises Unavailable, whatever is wrong with the authority or with its answer.
        """
        nonce = secrets.randbits(_NONCE_BITS) | 1
        answer = self._poster.post(self._url, timestamps.ask(imprint, nonce=nonce), media_type=_QUERY, accept=_REPLY)
        if answer.status != 200 or answer.media_type.partition(";")[0].strip().lower() != _REPLY:
            raise Unavailable(f"the time-stamping authority answered with status {answer.status}", hint=_HINT)
        try:
            token = timestamps.token_in(answer.body)
            tokens.check_answer(token, imprint, nonce=nonce, anchors=self._anchors)
        except VerificationError as error:
            raise Unavailable(f"the time-stamping authority: {error.reason}", hint=_HINT) from error
        return token
