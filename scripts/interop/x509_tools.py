"""Chain, time-stamp and OCSP response of a manifest before OpenSSL and rfc3161-client."""

import subprocess
from pathlib import Path
from typing import Final

import cbor2
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from rfc3161_client import VerifierBuilder, decode_timestamp_response

from provenance.credentials.c2pa.cose import Sign1
from provenance.credentials.c2pa.store import ManifestStore
from scripts.interop.outcomes import Verifier, expect
from scripts.interop.registered import Artwork, Registered

_GRANTED: Final = bytes.fromhex("3003020100")  # PKIStatusInfo of a TimeStampResp (RFC 3161, 2.4.2)


def _signature(artwork: Artwork) -> Sign1:
    store = ManifestStore.parse(artwork.store)
    return Sign1.parse(store.bytes_of(store.signature))


def _stamped(sign1: Sign1) -> bytes:
    """What `sigTst2` stamps (C2PA 2.4, "Time-stamps")."""
    return cbor2.dumps(["CounterSignature", sign1.protected, b"", cbor2.dumps(sign1.signature)])


def _token(sign1: Sign1) -> bytes:
    return bytes(sign1.unprotected["sigTst2"]["tstTokens"][0]["val"])


def _pem(certificate: bytes) -> bytes:
    return x509.load_der_x509_certificate(certificate).public_bytes(Encoding.PEM)


def _openssl(registered: Registered, *arguments: str | Path) -> tuple[bool, str]:
    done = subprocess.run(
        ["openssl", *arguments], cwd=registered.folder, capture_output=True, text=True, check=False, timeout=60
    )
    return done.returncode == 0, done.stdout + done.stderr


def _chain(registered: Registered, artwork: Artwork) -> tuple[str, str]:
    """File names of the leaf and its CA, from the signature itself; the root is the one that was pinned."""
    leaf, ca = _signature(artwork).chain
    registered.put("root.pem", registered.root.encode())
    return (
        registered.put(f"{artwork.name}-leaf.pem", _pem(leaf)).name,
        registered.put(f"{artwork.name}-ca.pem", _pem(ca)).name,
    )


def chain(registered: Registered) -> str:
    for artwork in registered.artworks:
        leaf, ca = _chain(registered, artwork)
        strict = ("-x509_strict", "-purpose", "any", "-CAfile", "root.pem")
        held, said = _openssl(registered, "verify", *strict, "-untrusted", ca, leaf)
        expect(held, said)
        held, _ = _openssl(registered, "verify", *strict, leaf)
        expect(not held, "a chain with a missing link is accepted")
    return f"verify -x509_strict: {len(registered.artworks)} chains OK"


def time_stamp(registered: Registered) -> str:
    for artwork in registered.artworks:
        sign1 = _signature(artwork)
        _chain(registered, artwork)
        token, data = registered.put("token.der", _token(sign1)), registered.put("stamped", _stamped(sign1))
        asked = ("ts", "-verify", "-token_in", "-in", token, "-CAfile", "root.pem", "-data")
        held, said = _openssl(registered, *asked, data)
        expect(held and "Verification: OK" in said, said)
        held, _ = _openssl(registered, *asked, registered.put("other", b"something else"))
        expect(not held, "a time-stamp over something else is accepted")
    return f"ts -verify: {len(registered.artworks)} tokens OK; refused over other bytes"


def revocation(registered: Registered) -> str:
    for artwork in registered.artworks:
        leaf, ca = _chain(registered, artwork)
        (response,) = _signature(artwork).unprotected["rVals"]["ocspVals"]
        path = registered.put("response.der", bytes(response))
        held, said = _openssl(
            registered, "ocsp", "-respin", path, "-issuer", ca, "-cert", leaf, "-CAfile", "root.pem",
            "-verify_other", ca, "-no_nonce",
        )  # fmt: skip
        expect(held and "Response verify OK" in said and f"{leaf}: good" in said, said)
    return f"ocsp -respin: {len(registered.artworks)} responses verify OK, good"


def rfc3161(registered: Registered) -> str:
    root = x509.load_pem_x509_certificate(registered.root.encode())
    verifier = VerifierBuilder().add_root_certificate(root).build()
    for artwork in registered.artworks:
        sign1 = _signature(artwork)
        body = _GRANTED + _token(sign1)
        response = decode_timestamp_response(b"\x30\x82" + len(body).to_bytes(2, "big") + body)
        expect(verifier.verify_message(response, _stamped(sign1)), f"{artwork.name}: not verified")
    return f"{len(registered.artworks)} tokens verified against our root"


VERIFIERS: Final = (
    Verifier("OpenSSL verify", "X.509 chain of the claim", chain),
    Verifier("OpenSSL ts", "RFC 3161 time-stamp of the claim", time_stamp),
    Verifier("OpenSSL ocsp", "stapled OCSP response", revocation),
    Verifier("rfc3161-client", "RFC 3161 time-stamp of the claim", rfc3161),
)
