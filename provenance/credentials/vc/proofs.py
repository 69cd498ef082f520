"""How a credential is secured, by either of the two ways, and who secured it.

A proof is judged in three steps: it is of a kind that we know (`of_document`, `of_jws`), its key is the issuer's and
trusted in the proof's time, and its signature holds (`Proof.judged`).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from provenance.core.errors import InvalidSignature, MalformedCertificate, UnsupportedVersion, UntrustedSigner
from provenance.core.ports import Keyring
from provenance.credentials import times
from provenance.credentials.messages import refusal
from provenance.credentials.vc.integrity import PROOF_TYPE, PURPOSE, SUITE, signed_parts
from provenance.credentials.vc.jwt import ALGORITHMS, MEDIA_TYPE, Jws
from provenance.credentials.vc.trust import DatedKeyring

CLOCK_SKEW: Final = timedelta(minutes=5)
"""How far the issuer's clock may be ahead of the verifier's."""


@dataclass(frozen=True, slots=True)
class Proof:
    """`parts` answers the bytes that were signed and the signature, and raises ValueError on a signature of no use."""

    suite: str
    key_id: str
    dated: datetime
    parts: Callable[[], tuple[bytes, bytes]]

    def judged(self, keyring: Keyring, issuer: str) -> InvalidSignature | None:
        """None where it holds. The keyring answers trust and signature in one call; a bad signature is answered, not
        raised, because it belongs to a later step.

        Raises UntrustedSigner when the key is not the issuer's, not trusted, or not in its time.
        """
        if not self.key_id.startswith(f"{issuer}#"):
            raise refusal(UntrustedSigner, "issuer-mismatch", key=self.key_id, issuer=issuer)
        try:
            body, signature = self.parts()
            if isinstance(keyring, DatedKeyring):
                keyring.verify_at(self.key_id, body, signature, at=self.dated)
            else:
                keyring.verify(self.key_id, body, signature)
        except InvalidSignature as error:
            return error
        except ValueError:
            return refusal(InvalidSignature, "signature-invalid")
        return None


def of_document(credential: Mapping[str, Any]) -> Proof:
    """The embedded `eddsa-jcs-2022` proof of a credential whose shape was checked.

    Raises UnsupportedVersion on another suite, MalformedCertificate on another purpose or context.
    """
    proof = credential["proof"]
    if (proof["type"], proof["cryptosuite"]) != (PROOF_TYPE, SUITE):
        raise refusal(UnsupportedVersion, "unknown-suite", suite=f"{proof['type']} {proof['cryptosuite']}")
    if proof["proofPurpose"] != PURPOSE:
        raise refusal(MalformedCertificate, "wrong-purpose", purpose=proof["proofPurpose"])
    if proof["@context"] != credential["@context"]:
        raise refusal(MalformedCertificate, "proof-context")
    dated = times.read(proof["created"])
    return Proof(SUITE, proof["verificationMethod"], dated, lambda: signed_parts(credential))


def of_jws(jws: Jws) -> Proof:
    """The signature of a `vc+jwt` whose payload's shape was checked.

    Raises UnsupportedVersion, MalformedCertificate.
    """
    header = jws.header
    if header.get("typ") != MEDIA_TYPE or header.get("alg") not in ALGORITHMS:
        raise refusal(UnsupportedVersion, "unknown-suite", suite=f"{header.get('typ')} {header.get('alg')}")
    jws.check_header()
    dated = datetime.fromtimestamp(min(jws.payload["iat"], _LAST_SECOND), tz=UTC)
    return Proof(f"{MEDIA_TYPE}, {header['alg']}", header["kid"], dated, jws.parts)


_LAST_SECOND: Final = 253_402_300_799  # of the year 9999
