"""One certificate after another: who issues which role, under which name, for how long."""

import logging
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec

from provenance.adapters.ca.register import Issued, Register
from provenance.adapters.ca.safe import Safe
from provenance.core.errors import Conflict, InvalidRequest, Misconfigured
from provenance.credentials.pki import chains, profiles
from provenance.credentials.pki.profiles import Issuer, Owner, Role, Wanted

RENEW_BEFORE: Final = timedelta(days=30)
_CA_ALG: Final = "ES384"  # the profiles of CAs allow P-384 and P-521
_LEAF_ALG: Final = "ES256"
_SERIAL_BITS: Final = 159  # positive, at most 20 octets
_CN: Final = {
    Role.ROOT: "Root CA",
    Role.CLAIM_CA: "Claim Signing CA",
    Role.TSA_CA: "Time-Stamping CA",
    Role.LEAF: "Claim Signer",
    Role.OCSP: "OCSP Responder",
    Role.TSA: "Time-Stamp Authority",
}
_MAKE: Final[dict[Role, Callable[[ec.EllipticCurvePublicKey, Wanted, Issuer], x509.Certificate]]] = {
    Role.CLAIM_CA: profiles.claim_ca,
    Role.TSA_CA: profiles.tsa_ca,
    Role.OCSP: profiles.ocsp_responder,
    Role.TSA: profiles.tsa_leaf,
}
_DAYS: Final = {
    Role.CLAIM_CA: profiles.ISSUING_CA_DAYS,
    Role.TSA_CA: profiles.TSA_CA_DAYS,
    Role.LEAF: profiles.LEAF_DAYS,
    Role.OCSP: profiles.OCSP_DAYS,
    Role.TSA: profiles.TSA_DAYS,
}
_ISSUER: Final = {
    Role.CLAIM_CA: Role.ROOT,
    Role.TSA_CA: Role.ROOT,
    Role.LEAF: Role.CLAIM_CA,
    Role.TSA: Role.TSA_CA,
}
# A CA is replaced while what it issues can still live its full time.
_BEFORE: Final = {
    Role.CLAIM_CA: timedelta(days=profiles.MAX_LEAF_DAYS),
    Role.TSA_CA: timedelta(days=profiles.TSA_DAYS),
}
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class LeafOptions:
    """Of a claim-signing leaf. `key` is the reference of a key that is there already; None makes one of `alg`."""

    alg: str = _LEAF_ALG
    days: int = profiles.LEAF_DAYS
    cpl_record: str | None = None
    key: str | None = None


class Issuing:
    """Writes certificates and keys, and answers the register with them; the caller writes the register."""

    def __init__(self, safe: Safe, *, url: str | None) -> None:
        self._safe = safe
        self._url = url

    def everything(self, owner: Owner, now: datetime, leaf: LeafOptions) -> Register:
        """A new CA: root, the two CAs below it, their responders, a claim signer, a time-stamping authority."""
        register = self._root(Register(owner), now)
        for role in (Role.CLAIM_CA, Role.TSA_CA, Role.TSA):
            register = self.one(register, role, now)
        return self._responders(self.leaf(register, leaf, now), now)

    def due(self, register: Register, now: datetime, leaf: LeafOptions) -> Register:
        """Replace what ends soon. Where the root's key is away, the CAs stay as long as they are valid."""
        for role in (Role.CLAIM_CA, Role.TSA_CA):
            if _ends_soon(register.current(role, now), now, _BEFORE[role]):
                register = self._replaced_ca(register, role, now)
        current = register.current(Role.LEAF, now)
        if current is not None and current.issuer is None:  # bought: only its CA can renew it
            if _ends_soon(current, now, RENEW_BEFORE):
                _log.warning("the bought certificate %s ends on %s: buy the next one", current.name, current.not_after)
        elif _ends_soon(current, now, RENEW_BEFORE):
            register = self.leaf(register, leaf, now)
        if _ends_soon(register.current(Role.TSA, now), now, RENEW_BEFORE):
            register = self.one(register, Role.TSA, now)
        return self._responders(register, now)

    def leaf(self, register: Register, options: LeafOptions, now: datetime) -> Register:
        """Raises InvalidRequest on a wrong validity, algorithm or record; Misconfigured on a key that is not safe."""
        key = options.key or self._safe.new_key(Role.LEAF, options.alg)
        if register.compromised(key):
            raise Misconfigured(f"a certificate of the key {key} was revoked for keyCompromise", hint="use another key")
        issuer = self._issuer(register, Role.CLAIM_CA, now)
        wanted = self._wanted(register, Role.LEAF, now, days=options.days)
        public_key = self._safe.key(key).public_key()
        made = profiles.claim_leaf(public_key, wanted, self._opened(issuer), cpl_record=options.cpl_record)
        return self._kept(register, made, role=Role.LEAF, issuer=issuer.serial, key=key)

    def one(self, register: Register, role: Role, now: datetime, *, above: Issued | None = None) -> Register:
        """One more certificate of a role, with a new key, by the current CA for it or by `above`."""
        issuer = above or self._issuer(register, _ISSUER[role], now)
        key = self._safe.new_key(role, _CA_ALG if role in _BEFORE else _LEAF_ALG)
        of_root = role is Role.OCSP and issuer.role is Role.ROOT
        days = profiles.ROOT_OCSP_DAYS if of_root else _DAYS[role]
        wanted = self._wanted(register, role, now, days=days)
        made = _MAKE[role](self._safe.key(key).public_key(), wanted, self._opened(issuer))
        return self._kept(register, made, role=role, issuer=issuer.serial, key=key)

    def _root(self, register: Register, now: datetime) -> Register:
        key = self._safe.new_key(Role.ROOT, _CA_ALG)
        made = profiles.root(self._safe.key(key), self._wanted(register, Role.ROOT, now, days=profiles.ROOT_DAYS))
        return self._kept(register, made, role=Role.ROOT, issuer=made.serial_number, key=key)

    def _responders(self, register: Register, now: datetime) -> Register:
        """A responder for each CA that has none, or one that ends soon. Without its CA's key there is none to make."""
        for authority in list(register.authorities(now)):
            current = register.current(Role.OCSP, now, issuer=authority.serial)
            if not _ends_soon(current, now, RENEW_BEFORE) or authority.revoked or _same_end(current, authority):
                continue
            if self._safe.has(authority.key):
                register = self.one(register, Role.OCSP, now, above=authority)
            else:
                _log.warning("the OCSP responder of %s ends soon, and the CA's key is not here", authority.name)
        return register

    def _replaced_ca(self, register: Register, role: Role, now: datetime) -> Register:
        root = self._issuer(register, Role.ROOT, now)
        current = register.current(role, now)
        if current is None or self._safe.has(root.key):
            return self.one(register, role, now)
        _log.warning("%s ends on %s, and the root's key is not here to replace it", current.name, current.not_after)
        return register

    def _issuer(self, register: Register, role: Role, now: datetime) -> Issued:
        found = register.current(role, now)
        if found is None:
            raise Misconfigured(f"the CA has no valid {role} certificate", hint="run `provenance ca renew`")
        return found

    def _opened(self, issued: Issued) -> Issuer:
        return Issuer(self._safe.certificates(issued.file)[0], self._safe.key(issued.key))

    def _wanted(self, register: Register, role: Role, now: datetime, *, days: int) -> Wanted:
        """CAs are numbered, so that each has a name of its own."""
        number = sum(issued.role is role for issued in register.certificates) + 1
        name = f"{register.owner.organization} {_CN[role]}" + (f" {number}" if role in _BEFORE else "")
        subject, serial = register.owner.name(name), secrets.randbits(_SERIAL_BITS) | 1
        return Wanted(subject=subject, serial=serial, now=now, days=days, url=self._url)

    def _kept(
        self, register: Register, made: x509.Certificate, *, role: Role, issuer: int | None, key: str
    ) -> Register:
        issued = described(made, role=role, issuer=issuer, key=key)
        self._safe.put(issued.file, [made])
        return register.with_issued(issued)


def described(certificate: x509.Certificate, *, role: Role, issuer: int | None, key: str) -> Issued:
    """The register's line about a certificate."""
    return Issued(
        serial=certificate.serial_number,
        role=role,
        name=profiles.common_name(certificate),
        issuer=issuer,
        key=key,
        not_before=certificate.not_valid_before_utc,
        not_after=certificate.not_valid_after_utc,
    )


def bought(register: Register, pem: bytes, safe: Safe, *, now: datetime) -> Register:
    """Take a chain that another CA issued for one of our keys: leaf first; a root at its end is left out.

    Raises InvalidRequest when it is not for a key that waits here, does not hold together, or is no claim-signing leaf;
    Conflict when it is here already.
    """
    chain = chains.read_pem(pem)
    if len(chain) > 1 and chains.is_self_signed(chain[-1]):
        chains.check_links(chain, at=now)
        chain = chain[:-1]
    chains.check_links(chain, at=now)
    leaf = chain[0]
    known = [*register.requests, *(i.key for i in register.certificates if i.role is Role.LEAF)]
    key = next((key for key in known if safe.has(key) and chains.same_key(leaf, safe.key(key).public_key())), None)
    if key is None:
        raise InvalidRequest(
            "the first certificate is not for a key of this CA", hint="make a request with `provenance ca csr`"
        )
    wrong = [problem for problem in chains.leaf_problems(leaf) if problem in chains.UNUSABLE]
    if wrong or len(chain) < 2:
        raise InvalidRequest(
            f"it can't sign claims: {'; '.join(wrong) or 'the chain lacks its CA'}", hint="ask the CA for another"
        )
    if register.compromised(key):
        raise Conflict("a certificate of this key was revoked for keyCompromise", hint="make a new request")
    issued = described(leaf, role=Role.LEAF, issuer=None, key=key)
    register = register.with_issued(issued)
    safe.put(issued.file, chain)
    return register


def _ends_soon(issued: Issued | None, now: datetime, before: timedelta) -> bool:
    return issued is None or issued.not_after - now < before


def _same_end(current: Issued | None, authority: Issued) -> bool:
    """Nothing it issues can live longer."""
    return current is not None and current.not_after >= authority.not_after
