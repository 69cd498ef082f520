"""The OCSP response that goes into a signature: from our own responder, or from that of a bought certificate's CA."""

import base64
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Final
from urllib.parse import quote

from cryptography import x509

from provenance.adapters.ca.folder import CaFolder
from provenance.adapters.ca.register import Register
from provenance.core.errors import InvalidOcspResponse, Misconfigured, Rejected, Revoked, Unavailable
from provenance.core.ports import Clock
from provenance.credentials.pki import chains, ocsp


class Stapler:
    """Satisfies `core.ports.RevocationSource` for one claim signer's certificate.

    A response is kept for half of its time, and dropped when the register changes. `fetch` asks the responder of a
    bought certificate, by GET (RFC 6960, appendix A.1).
    """

    def __init__(
        self, folder: CaFolder, chain: Sequence[bytes], *, fetch: Callable[[str], bytes], clock: Clock
    ) -> None:
        """`chain` is the signer's: DER, leaf first, then its CA."""
        self._folder: Final = folder
        self._leaf, self._issuer = (x509.load_der_x509_certificate(data) for data in chain[:2])
        self._fetch: Final = fetch
        self._clock: Final = clock
        self._kept: tuple[Register, datetime, bytes] | None = None

    def staple(self) -> bytes | None:
        """A fresh DER OCSPResponse; None for a bought certificate that names no responder.

        Raises Unavailable when its responder does not answer properly; Misconfigured when the certificate is revoked,
        so that nothing is signed with it.
        """
        now, register = self._clock(), self._folder.register()
        if self._kept is not None and self._kept[0] == register and now < self._kept[1]:
            return self._kept[2]
        response = self._asked(register)
        if response is None:
            return None
        self._kept = (register, self._fresh_until(response, now), response)
        return response

    def _asked(self, register: Register) -> bytes | None:
        request = ocsp.ask(self._leaf, self._issuer)
        if register.find(self._leaf.serial_number).issuer is not None:
            return self._folder.ocsp(request)
        url = chains.ocsp_url(self._leaf)
        if url is None:
            return None
        try:
            return self._fetch(f"{url.rstrip('/')}/{quote(base64.b64encode(request).decode(), safe='')}")
        except Rejected as error:
            raise Unavailable(f"the OCSP responder of the certificate: {error.reason}") from error

    def _fresh_until(self, response: bytes, now: datetime) -> datetime:
        try:
            answer = ocsp.check(response, self._leaf, self._issuer, at=now)
        except Revoked as error:
            raise Misconfigured(
                f"{error.reason}: it signs nothing more", hint="start the service again: it issues a new one"
            ) from error
        except InvalidOcspResponse as error:
            raise Unavailable(error.reason) from error
        return now + (answer.next_update - now) / 2
