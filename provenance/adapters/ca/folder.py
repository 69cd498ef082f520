"""The CA folder: keys and certificates from the root to the claim signer, and what is answered with them.

    ca.json                     the register: every certificate with its state; no secret
    <role>-<serial>.pem         certificates
    <role>-<random>.key.pem     their keys, PKCS #8, encrypted; `openssl pkey -in … -text` reads them

Files are written before the register names them, so a crash leaves at worst unused files. The root's key may be kept
elsewhere; it is asked for when a CA below it ends, about every four years.
"""

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from cryptography import x509

from provenance.adapters.ca.issuing import Issuing, LeafOptions, bought
from provenance.adapters.ca.register import Issued, Register
from provenance.adapters.ca.safe import Lock, Safe
from provenance.adapters.ca.signing import HeldKey, KeySigner
from provenance.adapters.keys import files
from provenance.core.errors import Conflict, InvalidRequest, Misconfigured, NotFound, Unavailable
from provenance.core.ports import Clock
from provenance.credentials.pki import chains, ocsp, requests, timestamps
from provenance.credentials.pki.profiles import Owner, Role

_INDEX: Final = "ca.json"
_TOKEN_SERIAL_BITS: Final = 127


@dataclass(frozen=True, slots=True)
class ClaimKey:
    """A claim-signing key outside the folder: its URI, and what opens it."""

    uri: str
    open: Callable[[str], HeldKey]


class CaFolder:
    """Opens nothing until it is asked; certificates are read without the passphrase.

    `url` is the plain-HTTP address that certificates name for OCSP; None leaves it out. `claim_key` is held elsewhere;
    None makes claim-signing keys in files. Every method raises Misconfigured when the folder was
    not made, is damaged, or the passphrase is wrong.
    """

    def __init__(
        self,
        path: Path,
        lock: Lock,
        *,
        clock: Clock,
        url: str | None = None,
        claim_key: ClaimKey | None = None,
    ) -> None:
        self.path: Final = path
        self._safe: Final = Safe(path, lock, held=claim_key.open if claim_key else None)
        self._issuing: Final = Issuing(self._safe, url=url)
        self._clock: Final = clock
        self._claim_key: Final = claim_key.uri if claim_key else None
        self._certificates: dict[str, tuple[x509.Certificate, ...]] = {}

    def __repr__(self) -> str:
        return f"CaFolder({str(self.path)!r})"

    @property
    def claim_key(self) -> str | None:
        """The URI of the claim-signing key that is held elsewhere."""
        return self._claim_key

    @property
    def exists(self) -> bool:
        return (self.path / _INDEX).is_file()

    # ---- making and changing

    def create(self, owner: Owner) -> None:
        """Make everything. Raises Conflict when it is there: of two that start at once, one makes it, one is told."""
        with files.locked(self.path):
            if self.exists:
                raise Conflict(f"there is a CA in {self.path} already", existing=str(self.path))
            self._safe.lock.check()
            register = self._issuing.everything(owner, self._clock(), LeafOptions(key=self._claim_key))
            files.create(self.path / _INDEX, register.dump())

    def issue(self, role: Role, *, leaf: LeafOptions | None = None) -> Issued:
        """A new leaf, OCSP responder (of the claim-signing CA) or time-stamping certificate, current from now on.

        Raises InvalidRequest for a role that is not one of these.
        """
        if role not in (Role.LEAF, Role.OCSP, Role.TSA):
            raise InvalidRequest(
                f"a {role} is not issued one by one", hint="`provenance ca renew` replaces CAs in time"
            )
        with files.locked(self.path):
            register, now = self.register(), self._clock()
            if role is Role.LEAF:
                register = self._issuing.leaf(register, leaf or self._leaf_options(), now)
            else:
                above = register.current(Role.CLAIM_CA, now) if role is Role.OCSP else None
                register = self._issuing.one(register, role, now, above=above)
            self._write(register)
        return register.certificates[-1]

    def renew(self) -> tuple[Issued, ...]:
        """Replace what ends within 30 days, and a CA before its leaves would have to end early. Answers what is new."""
        with files.locked(self.path):
            before = self.register()
            after = self._issuing.due(before, self._clock(), self._leaf_options())
            if after != before:
                self._write(after)
        return after.certificates[len(before.certificates) :]

    def revoke(self, serial: int, reason: str) -> Issued:
        """At once and for good; `reason` is one of `ocsp.REASONS`. A bought certificate is only no longer used here.

        Raises NotFound, InvalidRequest on another reason, Conflict on the root.
        """
        if reason not in ocsp.REASONS:
            raise InvalidRequest(f"{reason[:40]!r} is no reason", hint=f"one of {', '.join(ocsp.REASONS)}")
        with files.locked(self.path):
            register = self.register().with_revoked(serial, self._clock(), reason)
            self._write(register)
        return register.find(serial)

    def request(self, subject: x509.Name, *, cpl_record: str | None = None, alg: str = "ES256") -> bytes:
        """A PEM request for a claim-signing certificate of another CA, for a new key that waits for it here."""
        with files.locked(self.path):
            register = self.register()
            key = self._claim_key or self._safe.new_key(Role.LEAF, alg)
            pem = requests.claim_request(self._safe.key(key), subject, cpl_record=cpl_record)
            self._write(register.with_request(key))
        return pem

    def install(self, pem: bytes) -> Issued:
        """Sign with a bought chain from now on, until it ends or is revoked. Raises InvalidRequest, Conflict."""
        with files.locked(self.path):
            register = bought(self.register(), pem, self._safe, now=self._clock())
            self._write(register)
        return register.certificates[-1]

    # ---- reading

    def register(self) -> Register:
        if not self.exists:
            raise Misconfigured(f"there is no CA in {self.path}", hint="run `provenance ca init`")
        return Register.load(files.read(self.path / _INDEX))

    def current(self, role: Role) -> Issued:
        """Raises Misconfigured when no certificate of that role is valid."""
        found = self.register().current(role, self._clock())
        if found is None:
            raise Misconfigured(f"the CA has no valid {role} certificate", hint="run `provenance ca renew`")
        return found

    def chain(self, role: Role) -> tuple[x509.Certificate, ...]:
        """The current certificate of a role and the CAs above it, without the root; the root alone for its role."""
        issued = self.current(role)
        own = self._read(issued)
        if role is Role.ROOT or issued.issuer is None:
            return own
        above = self.register().find(issued.issuer)
        return own if above.role is Role.ROOT else (*own, *self._read(above))

    def authority(self, serial: int) -> x509.Certificate:
        """A CA's certificate by its serial number, for whoever builds a chain. Raises NotFound."""
        issued = self.register().find(serial)
        if issued.role not in (Role.ROOT, Role.CLAIM_CA, Role.TSA_CA):
            raise NotFound(f"there is no CA with the serial number {serial:x}")
        return self._read(issued)[0]

    def problems(self, issued: Issued) -> tuple[str, ...]:
        """What a claim-signing leaf lacks of the C2PA profile."""
        return chains.leaf_problems(self._read(issued)[0])

    # ---- signing

    def claim_signer(self) -> KeySigner:
        """The current leaf, its chain and its key. It goes on signing with them when they are replaced: ask again."""
        issued = self.current(Role.LEAF)
        return KeySigner(self.chain(Role.LEAF), self._safe.key(issued.key))

    def ocsp(self, request: bytes) -> bytes:
        """The DER OCSPResponse to a DER OCSPRequest, whatever it is."""
        try:
            asked = ocsp.read_request(request)
        except InvalidRequest:
            return ocsp.malformed()
        register, now = self.register(), self._clock()
        for authority in register.authorities(now):
            certificate = self._read(authority)[0]
            if ocsp.asks_about(asked, certificate):
                issued = register.current(Role.OCSP, now, issuer=authority.serial)
                if issued is None:
                    return ocsp.try_later()
                responder = ocsp.Responder(certificate, self._read(issued)[0], self._safe.key(issued.key))
                standing = register.standing(authority.serial, asked.serial_number)
                return ocsp.respond(asked, responder, standing, now=now)
        return ocsp.unauthorized()

    def stamp(self, request: bytes) -> bytes:
        """The DER TimeStampResp to a DER TimeStampReq, whatever it is."""
        chain = self.chain(Role.TSA)
        authority = timestamps.Authority(chain[0], self._safe.key(self.current(Role.TSA).key), chain[1:])
        serial = secrets.randbits(_TOKEN_SERIAL_BITS) | 1
        return timestamps.answer(request, authority, now=self._clock(), serial=serial)

    def timestamp(self, imprint: bytes) -> bytes:
        """The `Timestamper` port: the DER token over a SHA-256 imprint, certificates included. Raises Unavailable."""
        try:
            return timestamps.token_in(self.stamp(timestamps.ask(imprint, nonce=secrets.randbits(63) | 1)))
        except Misconfigured as error:
            raise Unavailable(error.reason, hint=error.hint) from error

    # ---- inside

    def _leaf_options(self) -> LeafOptions:
        return LeafOptions(key=self._claim_key)

    def _read(self, issued: Issued) -> tuple[x509.Certificate, ...]:
        """Certificates never change; each file is read once."""
        if issued.file not in self._certificates:
            self._certificates[issued.file] = self._safe.certificates(issued.file)
        return self._certificates[issued.file]

    def _write(self, register: Register) -> None:
        files.replace(self.path / _INDEX, register.dump())
