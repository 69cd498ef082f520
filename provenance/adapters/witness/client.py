"""A witness behind HTTP (c2sp.org/tlog-witness)."""

from typing import Final

from provenance.adapters.http import Poster
from provenance.core.errors import Misconfigured
from provenance.credentials.tlog.notes import COSIGNATURE, VerifierKey

_SECONDS: Final = 5.0
_ANSWER_BYTES: Final = 64 << 10


class HttpWitness:
    """`url` is the witness's submission prefix, `vkey` its verifier key. Raises Misconfigured on one that is none."""

    def __init__(self, url: str, vkey: str) -> None:
        key = VerifierKey.parse(vkey)
        if key.kind != COSIGNATURE or not url.startswith(("http://", "https://")):
            raise Misconfigured(
                f"{url[:80]!r} with the key of {key.name[:80]!r} is no witness",
                hint="a witness has an http(s) address and a cosignature key (0x04)",
            )
        self._url: Final = url.rstrip("/")
        self.vkey: Final = key.text
        self._poster: Final = Poster(seconds=_SECONDS, body_bytes=_ANSWER_BYTES)

    @classmethod
    def parse(cls, line: str) -> "HttpWitness":
        """From `URL VKEY`, as the setting lists them. Raises Misconfigured."""
        url, _, vkey = line.strip().partition(" ")
        return cls(url, vkey)

    @property
    def url(self) -> str:
        return self._url

    def add_checkpoint(self, body: bytes) -> tuple[int, bytes]:
        """Raises Unavailable."""
        answer = self._poster.post(f"{self._url}/add-checkpoint", body, media_type="text/plain; charset=utf-8")
        return answer.status, answer.body
