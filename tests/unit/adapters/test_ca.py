"""The CA folder: made whole or not at all, encrypted, renewed in time, revoked for good."""

import pickle
import shutil
import stat
import traceback
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.x509 import ocsp as x509_ocsp

from provenance.adapters.ca import CaFolder, ClaimKey, LeafOptions, Lock, Stapler
from provenance.adapters.keys import InsecureKeyWarning
from provenance.core.errors import (
    Conflict,
    InvalidRequest,
    Misconfigured,
    NotFound,
    SourceRefused,
    Unavailable,
)
from provenance.credentials.pki import chains, ocsp, profiles, tokens
from provenance.credentials.pki.profiles import Issuer, Owner, Role
from tests.doubles import SteppingClock
from tests.pki import CPL, OWNER, Pki, key, make_pki, openssl

PASSPHRASE = b"correct horse battery"
LOCK = Lock(PASSPHRASE)
START = SteppingClock().now
URL = "http://art.example"
IMPRINT = bytes(range(32))


@pytest.fixture(scope="module")
def made_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Making keys is slow on purpose; every test gets a copy."""
    path = tmp_path_factory.mktemp("ca") / "ca"
    CaFolder(path, LOCK, clock=SteppingClock(), url=URL).create(OWNER)
    return path


@pytest.fixture
def clock() -> SteppingClock:
    return SteppingClock()


@pytest.fixture
def folder(made_once: Path, tmp_path: Path, clock: SteppingClock) -> CaFolder:
    return CaFolder(shutil.copytree(made_once, tmp_path / "ca"), LOCK, clock=clock, url=URL)


def again(folder: CaFolder, clock: SteppingClock) -> CaFolder:
    """As another process opens it."""
    return CaFolder(folder.path, LOCK, clock=clock, url=URL)


def stapler(folder: CaFolder, clock: SteppingClock, fetch=None) -> Stapler:
    return Stapler(folder, folder.claim_signer().chain, fetch=fetch or nothing, clock=clock)


def nothing(url: str) -> bytes:
    raise AssertionError(f"{url} was asked")


# ---- making


def test_everything_is_there_private_and_encrypted(folder: CaFolder):
    register = folder.register()
    roles = [issued.role for issued in register.certificates]
    assert sorted(roles) == sorted([*Role, Role.OCSP, Role.OCSP])
    for path in folder.path.iterdir():
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    keys = list(folder.path.glob("*.key.pem"))
    assert len(keys) == len(register.certificates)
    assert all(path.read_bytes().startswith(b"-----BEGIN ENCRYPTED PRIVATE KEY-----") for path in keys)
    assert PASSPHRASE not in (folder.path / "ca.json").read_bytes()


def test_openssl_opens_a_key_and_verifies_every_chain(folder: CaFolder, tmp_path: Path):
    root = folder.current(Role.ROOT)
    shown = openssl("pkey", "-in", folder.path / root.key, "-passin", f"pass:{PASSPHRASE.decode()}", "-noout", "-text")
    assert "P-384" in shown.stdout
    at = int(START.timestamp())
    for role in (Role.LEAF, Role.OCSP, Role.TSA):
        chain = folder.chain(role)
        (tmp_path / "chain.pem").write_bytes(chains.pem(chain[1:]) or chains.pem(chain))
        (tmp_path / "leaf.pem").write_bytes(chains.pem(chain[:1]))
        done = openssl(
            "verify", "-x509_strict", "-attime", at, "-CAfile", folder.path / root.file,
            "-untrusted", "chain.pem", "leaf.pem", folder=tmp_path,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr


def test_of_eight_that_start_at_once_one_makes_it(tmp_path: Path, clock: SteppingClock):
    def create(_: int) -> str:
        try:
            CaFolder(tmp_path / "ca", LOCK, clock=clock).create(OWNER)
        except Conflict as error:
            return error.existing or ""
        return "made"

    with ThreadPoolExecutor(8) as pool:
        outcomes = list(pool.map(create, range(8)))
    assert sorted(outcomes) == sorted(["made", *[str(tmp_path / "ca")] * 7])
    assert len(list((tmp_path / "ca").glob("root-*.key.pem"))) == 1
    assert CaFolder(tmp_path / "ca", LOCK, clock=clock).claim_signer().alg == "ES256"


def test_a_crash_before_the_end_leaves_no_ca(tmp_path: Path, clock: SteppingClock, monkeypatch: pytest.MonkeyPatch):
    ca = CaFolder(tmp_path / "ca", LOCK, clock=clock)

    def full(*_: object) -> None:
        raise Unavailable("the disk is full")

    with monkeypatch.context() as broken:
        broken.setattr(profiles, "ocsp_responder", full)
        broken.setitem(__import__("provenance.adapters.ca.issuing", fromlist=["_MAKE"])._MAKE, Role.OCSP, full)
        with pytest.raises(Unavailable):
            ca.create(OWNER)
    assert not ca.exists
    with pytest.raises(Misconfigured, match="no CA"):
        ca.register()
    ca.create(OWNER)
    assert ca.exists


def test_without_a_passphrase_only_where_that_is_allowed_and_with_a_warning(tmp_path: Path, clock: SteppingClock):
    with pytest.raises(Misconfigured, match="passphrase"):
        CaFolder(tmp_path / "a", Lock(None), clock=clock).create(OWNER)
    assert not list(tmp_path.glob("a/*.pem"))
    with pytest.warns(InsecureKeyWarning):
        CaFolder(tmp_path / "b", Lock(None, allow_unencrypted=True), clock=clock).create(OWNER)


@pytest.mark.parametrize("passphrase", [b"wrong", None])
def test_the_wrong_passphrase_opens_nothing_and_shows_nothing(folder: CaFolder, clock: SteppingClock, passphrase):
    locked = CaFolder(folder.path, Lock(passphrase, allow_unencrypted=True), clock=clock)
    assert locked.chain(Role.LEAF) == folder.chain(Role.LEAF)  # certificates are no secret
    with pytest.raises(Misconfigured) as caught:
        locked.claim_signer()
    shown = "".join(traceback.format_exception(caught.value)) + repr(folder) + repr(LOCK)
    assert PASSPHRASE.decode() not in shown
    assert "PROVENANCE_KEY_PASSPHRASE" in (caught.value.hint or "")


@pytest.mark.parametrize("text", [b"", b"{}", b'{"version": 2}', b"[]", b'{"version": 1, "organization": "x"}'])
def test_a_damaged_register_is_said(folder: CaFolder, text: bytes):
    (folder.path / "ca.json").write_bytes(text)
    with pytest.raises(Misconfigured):
        folder.register()


def test_a_key_open_to_others_is_refused(folder: CaFolder):
    (folder.path / folder.current(Role.LEAF).key).chmod(0o644)
    with pytest.raises(Misconfigured, match="others can read"):
        folder.claim_signer()


def test_a_key_that_is_not_its_certificates_is_refused(folder: CaFolder):
    leaf, tsa = folder.current(Role.LEAF), folder.current(Role.TSA)
    shutil.copy(folder.path / tsa.key, folder.path / leaf.key)
    with pytest.raises(Misconfigured, match="not that of its certificate"):
        folder.claim_signer()


# ---- signing


@pytest.mark.parametrize(("alg", "size", "algorithm"), [("ES256", 64, hashes.SHA256()), ("ES384", 96, hashes.SHA384()), ("ES512", 132, hashes.SHA512())])  # fmt: skip  # noqa: E501
def test_signatures_are_r_and_s_and_verify(folder: CaFolder, alg: str, size: int, algorithm: hashes.HashAlgorithm):
    folder.issue(Role.LEAF, leaf=LeafOptions(alg=alg))
    signer = folder.claim_signer()
    signature = signer.sign(b"body")
    assert (signer.alg, len(signature)) == (alg, size)
    leaf = x509.load_der_x509_certificate(signer.chain[0])
    r, s = (int.from_bytes(half, "big") for half in (signature[: size // 2], signature[size // 2 :]))
    public = leaf.public_key()
    assert isinstance(public, ec.EllipticCurvePublicKey)
    public.verify(encode_dss_signature(r, s), b"body", ec.ECDSA(algorithm))
    with pytest.raises(InvalidSignature):
        public.verify(encode_dss_signature(r, s), b"other", ec.ECDSA(algorithm))


def test_the_chain_has_the_leaf_first_and_no_root(folder: CaFolder):
    chain = [x509.load_der_x509_certificate(data) for data in folder.claim_signer().chain]
    assert [profiles.common_name(c) for c in chain] == ["Blue Hour Claim Signer", "Blue Hour Claim Signing CA 1"]
    chains.check_links([*chain, *folder.chain(Role.ROOT)], at=START)
    assert folder.problems(folder.current(Role.LEAF)) == ("it names no record of the Conforming Products List",)


def test_a_signer_can_not_be_copied_out(folder: CaFolder):
    signer = folder.claim_signer()
    assert repr(signer) == "KeySigner(alg='ES256')"
    with pytest.raises(TypeError, match="can't be copied"):
        pickle.dumps(signer)


def test_time_stamps_lead_to_the_root(folder: CaFolder, clock: SteppingClock):
    said = tokens.check(folder.timestamp(IMPRINT), IMPRINT, anchors=folder.chain(Role.ROOT))
    assert said.time == clock.now
    assert said.serial != tokens.read(folder.timestamp(IMPRINT)).serial


def test_without_a_time_stamping_certificate_there_is_none(folder: CaFolder):
    folder.revoke(folder.current(Role.TSA).serial, "keyCompromise")
    with pytest.raises(Unavailable, match="no valid tsa certificate"):
        folder.timestamp(IMPRINT)


# ---- issuing and renewing


def test_a_new_leaf_is_the_current_one_with_a_key_of_its_own(folder: CaFolder):
    before = folder.current(Role.LEAF)
    issued = folder.issue(Role.LEAF, leaf=LeafOptions(days=30, cpl_record=CPL))
    assert folder.current(Role.LEAF) == issued
    assert issued.key != before.key
    assert folder.problems(issued) == ()


@pytest.mark.parametrize("role", [Role.OCSP, Role.TSA])
def test_responder_and_time_stamping_certificates_are_issued_too(folder: CaFolder, role: Role):
    issued = folder.issue(role)
    assert folder.current(role) == issued


@pytest.mark.parametrize("role", [Role.ROOT, Role.CLAIM_CA, Role.TSA_CA])
def test_a_ca_is_not_issued_one_by_one(folder: CaFolder, role: Role):
    with pytest.raises(InvalidRequest, match="not issued one by one"):
        folder.issue(role)


@pytest.mark.parametrize("options", [LeafOptions(days=367), LeafOptions(alg="RS256"), LeafOptions(cpl_record="no")])
def test_a_leaf_outside_the_profile_is_refused_and_changes_nothing(folder: CaFolder, options: LeafOptions):
    before = folder.register()
    with pytest.raises(InvalidRequest):
        folder.issue(Role.LEAF, leaf=options)
    assert folder.register() == before


def test_nothing_is_renewed_before_its_time(folder: CaFolder, clock: SteppingClock):
    clock.advance(days=59)
    assert folder.renew() == ()


def test_responders_are_renewed_thirty_days_before_their_end(folder: CaFolder, clock: SteppingClock):
    clock.advance(days=61)
    assert [issued.role for issued in folder.renew()] == [Role.OCSP, Role.OCSP]  # the root's lives longer
    assert folder.renew() == ()


def test_a_leaf_is_renewed_thirty_days_before_its_end(folder: CaFolder, clock: SteppingClock):
    before = folder.current(Role.LEAF)
    clock.advance(days=336)
    assert Role.LEAF in {issued.role for issued in folder.renew()}
    after = again(folder, clock).current(Role.LEAF)
    assert after.serial != before.serial
    assert (after.not_after - clock.now).days >= 364


def test_an_expired_leaf_signs_nothing_until_it_is_renewed(folder: CaFolder, clock: SteppingClock):
    clock.advance(days=366)
    with pytest.raises(Misconfigured, match="no valid leaf certificate") as caught:
        folder.claim_signer()
    assert "ca renew" in (caught.value.hint or "")
    folder.renew()
    assert folder.claim_signer().sign(b"x")


def test_a_ca_is_replaced_while_its_leaves_can_live_their_full_time(folder: CaFolder, clock: SteppingClock):
    clock.advance(days=1826 - 366 + 1)
    made = {issued.role: issued for issued in folder.renew()}
    assert made[Role.CLAIM_CA].name == "Blue Hour Claim Signing CA 2"
    assert folder.register().find(made[Role.LEAF].issuer or 0) == made[Role.CLAIM_CA]
    old = next(issued for issued in folder.register().certificates if issued.role is Role.CLAIM_CA)
    # The old CA still answers for what it issued.
    assert folder.register().current(Role.OCSP, clock.now, issuer=old.serial)


def test_a_root_in_a_drawer_is_missed_only_when_a_ca_ends(folder: CaFolder, clock: SteppingClock, tmp_path: Path):
    root = folder.current(Role.ROOT)
    drawer = (folder.path / root.key).rename(tmp_path / "drawer")
    folder = again(folder, clock)
    folder.issue(Role.LEAF)
    clock.advance(days=1826 - 366 + 1)
    assert Role.CLAIM_CA not in {issued.role for issued in folder.renew()}
    assert folder.claim_signer()
    clock.advance(days=400)
    with pytest.raises(Misconfigured, match="is not here") as caught:
        folder.renew()
    assert "bring it back" in (caught.value.hint or "")
    drawer.rename(folder.path / root.key)
    folder.renew()
    assert folder.claim_signer()


# ---- revoking and OCSP


def response(folder: CaFolder, issued, issuer) -> x509_ocsp.OCSPResponse:
    certificates = [chains.read_pem((folder.path / known.file).read_bytes())[0] for known in (issued, issuer)]
    return x509_ocsp.load_der_ocsp_response(folder.ocsp(ocsp.ask(*certificates)))


def test_every_ca_answers_for_what_it_issued(folder: CaFolder, clock: SteppingClock):
    register = folder.register()
    for issued in register.certificates:
        issuer = register.find(issued.issuer or 0)
        assert response(folder, issued, issuer).certificate_status is x509_ocsp.OCSPCertStatus.GOOD
        data = [chains.read_pem((folder.path / known.file).read_bytes())[0] for known in (issued, issuer)]
        ocsp.check(folder.ocsp(ocsp.ask(*data)), *data, at=clock.now)


def test_a_revoked_leaf_is_revoked_for_everybody(folder: CaFolder, clock: SteppingClock):
    leaf = folder.current(Role.LEAF)
    folder.revoke(leaf.serial, "keyCompromise")
    said = response(again(folder, clock), leaf, folder.current(Role.CLAIM_CA))
    assert said.certificate_status is x509_ocsp.OCSPCertStatus.REVOKED
    assert (said.revocation_time_utc, said.revocation_reason) == (clock.now, x509.ReasonFlags.key_compromise)
    with pytest.raises(Misconfigured):
        folder.claim_signer()
    clock.advance(days=1)
    assert folder.revoke(leaf.serial, "superseded").reason == "keyCompromise"  # the first one stands
    (made,) = folder.renew()
    assert made.role is Role.LEAF
    assert folder.claim_signer()


def test_what_can_not_be_revoked(folder: CaFolder):
    with pytest.raises(Conflict, match="root"):
        folder.revoke(folder.current(Role.ROOT).serial, "keyCompromise")
    with pytest.raises(NotFound):
        folder.revoke(1, "keyCompromise")
    with pytest.raises(InvalidRequest, match="no reason"):
        folder.revoke(folder.current(Role.LEAF).serial, "certificateHold")


def test_a_serial_number_never_issued_and_a_stranger(folder: CaFolder):
    stranger = make_pki(START)
    ca = folder.chain(Role.LEAF)[1]
    unknown = x509_ocsp.OCSPRequestBuilder().add_certificate_by_hash(
        *ocsp._hashed(ca, hashes.SHA256()), 12345, hashes.SHA256()
    )
    said = x509_ocsp.load_der_ocsp_response(folder.ocsp(unknown.build().public_bytes(ocsp.Encoding.DER)))
    assert said.certificate_status is x509_ocsp.OCSPCertStatus.UNKNOWN
    asked = ocsp.ask(stranger.leaf.certificate, stranger.claim_ca.certificate)
    assert folder.ocsp(asked) == ocsp.unauthorized()
    assert folder.ocsp(b"junk") == ocsp.malformed()


def test_a_responder_that_ended_says_try_later(folder: CaFolder, clock: SteppingClock):
    leaf, ca = folder.chain(Role.LEAF)
    clock.advance(days=91)
    assert folder.ocsp(ocsp.ask(leaf, ca)) == ocsp.try_later()


# ---- stapling


def test_a_staple_is_kept_for_half_its_time(folder: CaFolder, clock: SteppingClock):
    source = stapler(folder, clock)
    first = source.staple()
    assert first is not None
    leaf, ca = folder.chain(Role.LEAF)
    ocsp.check(first, leaf, ca, at=clock.now)
    clock.advance(hours=11)
    assert source.staple() == first
    clock.advance(hours=2)
    assert source.staple() != first


def test_nothing_more_is_signed_with_what_another_process_revoked(folder: CaFolder, clock: SteppingClock):
    source = stapler(folder, clock)
    source.staple()
    again(folder, clock).revoke(folder.current(Role.LEAF).serial, "keyCompromise")
    with pytest.raises(Misconfigured, match="signs nothing more"):
        source.staple()


def test_a_staple_is_about_the_signers_certificate_not_a_newer_one(folder: CaFolder, clock: SteppingClock):
    source, (leaf, ca) = stapler(folder, clock), folder.chain(Role.LEAF)
    folder.issue(Role.LEAF)
    ocsp.check(source.staple() or b"", leaf, ca, at=clock.now)


# ---- buying


@pytest.fixture
def seller() -> Pki:
    """A CA on the trust list."""
    return make_pki(START)


def sold(seller: Pki, request: bytes, *, now: datetime = START) -> list[x509.Certificate]:
    csr = x509.load_pem_x509_csr(request)
    public = csr.public_key()
    assert isinstance(public, ec.EllipticCurvePublicKey)
    subject = OWNER.name("Registrar")
    wanted = profiles.Wanted(subject=subject, serial=4711, now=now, days=365, url="http://seller.example")
    leaf = profiles.claim_leaf(public, wanted, seller.claim_ca, cpl_record=CPL)
    return [leaf, seller.claim_ca.certificate, seller.root.certificate]


def test_a_bought_chain_signs_from_then_on(folder: CaFolder, clock: SteppingClock, seller: Pki):
    chain = sold(seller, folder.request(OWNER.name("Registrar"), cpl_record=CPL))
    installed = folder.install(chains.pem(chain))
    assert (installed.issuer, folder.current(Role.LEAF)) == (None, installed)
    signer = again(folder, clock).claim_signer()
    assert signer.chain == chains.der(chain[:2])  # the root is left out
    assert signer.sign(b"x")
    assert folder.problems(installed) == ()
    assert folder.register().requests == ()
    with pytest.raises(Conflict, match="already"):
        folder.install(chains.pem(chain))


def test_a_bought_certificate_is_not_replaced_by_itself(folder: CaFolder, clock: SteppingClock, seller: Pki):
    bought = folder.install(chains.pem(sold(seller, folder.request(OWNER.name("Registrar")))))
    clock.advance(days=340)
    assert Role.LEAF not in {issued.role for issued in folder.renew()}
    assert folder.current(Role.LEAF) == bought
    clock.advance(days=30)
    assert Role.LEAF in {issued.role for issued in folder.renew()}


def test_a_chain_for_somebody_elses_key_is_refused(folder: CaFolder, seller: Pki):
    with pytest.raises(InvalidRequest, match="not for a key of this CA") as caught:
        folder.install(chains.pem([seller.leaf.certificate, seller.claim_ca.certificate]))
    assert "ca csr" in (caught.value.hint or "")


def test_chains_that_do_not_hold_are_refused(folder: CaFolder, clock: SteppingClock, seller: Pki):
    leaf, ca, root = sold(seller, folder.request(OWNER.name("Registrar")))
    for chain in ([leaf, root], [ca, leaf], [leaf, ca, make_pki(START).root.certificate], [leaf]):
        with pytest.raises(InvalidRequest):
            folder.install(chains.pem(chain))
    clock.advance(days=366)
    with pytest.raises(InvalidRequest, match="only"):
        folder.install(chains.pem([leaf, ca]))


def test_a_certificate_that_can_never_sign_claims_is_refused(folder: CaFolder, seller: Pki):
    csr = x509.load_pem_x509_csr(folder.request(OWNER.name("Registrar")))
    public = csr.public_key()
    assert isinstance(public, ec.EllipticCurvePublicKey)
    asked = profiles.Wanted(subject=OWNER.name("CA"), serial=5, now=START, days=9)
    as_ca = profiles.claim_ca(public, asked, Issuer(seller.root.certificate, seller.root.key))
    with pytest.raises(InvalidRequest, match="can't sign claims"):
        folder.install(chains.pem([as_ca, seller.root.certificate, seller.root.certificate]))


def test_the_staple_of_a_bought_certificate_comes_from_its_ca(folder: CaFolder, clock: SteppingClock, seller: Pki):
    chain = sold(seller, folder.request(OWNER.name("Registrar")))
    folder.install(chains.pem(chain))
    asked: list[str] = []

    def fetch(url: str) -> bytes:
        import base64
        from urllib.parse import unquote

        asked.append(url)
        request = ocsp.read_request(base64.b64decode(unquote(url.removeprefix("http://seller.example/ocsp/"))))
        return ocsp.respond(request, seller.responder, ocsp.Standing(True), now=clock.now)

    source = stapler(folder, clock, fetch)
    ocsp.check(source.staple() or b"", chain[0], chain[1], at=clock.now)
    source.staple()
    assert len(asked) == 1  # kept
    # Our own responder has nothing to say about it.
    assert folder.ocsp(ocsp.ask(chain[0], chain[1])) == ocsp.unauthorized()


@pytest.mark.parametrize("answer", [b"", b"<html>", ocsp.try_later(), SourceRefused("404"), Unavailable("no answer")])
def test_a_sellers_responder_that_fails_is_unavailable(folder: CaFolder, clock: SteppingClock, seller: Pki, answer):
    folder.install(chains.pem(sold(seller, folder.request(OWNER.name("Registrar")))))

    def fetch(_: str) -> bytes:
        if isinstance(answer, bytes):
            return answer
        raise answer

    with pytest.raises(Unavailable):
        stapler(folder, clock, fetch).staple()


# ---- keys held elsewhere


class HeldInMemory:
    """A module for tests: it signs, and counts."""

    def __init__(self) -> None:
        self.key = key()
        self.signatures = 0

    def public_key(self) -> ec.EllipticCurvePublicKey:
        return self.key.public_key()

    def sign(self, body: bytes) -> bytes:
        self.signatures += 1
        return self.key.sign(body, ec.ECDSA(hashes.SHA256()))


@pytest.fixture
def held() -> HeldInMemory:
    return HeldInMemory()


@pytest.fixture
def outside(folder: CaFolder, clock: SteppingClock, held: HeldInMemory) -> CaFolder:
    return CaFolder(folder.path, LOCK, clock=clock, url=URL, claim_key=ClaimKey("test:art", lambda _uri: held))


def test_a_key_held_elsewhere_is_certified_and_signs(outside: CaFolder, held: HeldInMemory):
    issued = outside.issue(Role.LEAF)
    assert issued.key == "test:art"
    signer = outside.claim_signer()
    held.key.public_key().verify(
        encode_dss_signature(*(int.from_bytes(half, "big") for half in halves(signer.sign(b"body")))),
        b"body",
        ec.ECDSA(hashes.SHA256()),
    )
    assert held.signatures == 1
    assert not [path for path in outside.path.glob("leaf-*.key.pem") if "test" in path.name]


def halves(signature: bytes) -> tuple[bytes, bytes]:
    return signature[: len(signature) // 2], signature[len(signature) // 2 :]


def test_a_request_is_signed_where_the_key_is(outside: CaFolder, held: HeldInMemory, seller: Pki):
    request = outside.request(OWNER.name("Registrar"))
    assert x509.load_pem_x509_csr(request).is_signature_valid
    assert outside.install(chains.pem(sold(seller, request))).key == "test:art"
    assert outside.claim_signer().sign(b"x")


def test_a_compromised_key_is_never_certified_again(outside: CaFolder):
    outside.revoke(outside.issue(Role.LEAF).serial, "keyCompromise")
    with pytest.raises(Misconfigured, match="keyCompromise"):
        outside.issue(Role.LEAF)


def test_a_key_that_nothing_opens_is_said(outside: CaFolder, clock: SteppingClock):
    outside.issue(Role.LEAF)
    with pytest.raises(Misconfigured, match="nothing here opens the key test:art"):
        again(outside, clock).claim_signer()


def test_a_held_key_gives_nothing_away(outside: CaFolder):
    outside.issue(Role.LEAF)
    private = outside._safe.key("test:art")
    with pytest.raises(TypeError):
        private.private_numbers()
    with pytest.raises(TypeError):
        private.private_bytes(None, None, None)  # type: ignore[arg-type]
    with pytest.raises(TypeError):
        private.exchange(ec.ECDH(), key().public_key())
    with pytest.raises(ValueError, match="SHA-2 of its curve"):
        private.sign(b"x", ec.ECDSA(hashes.SHA512()))


def test_the_register_is_for_people_too(folder: CaFolder):
    import json

    document = json.loads((folder.path / "ca.json").read_bytes())
    assert (document["organization"], document["country"]) == (OWNER.organization, OWNER.country)
    assert Owner(document["organization"], document["country"]) == OWNER
    first = document["certificates"][0]
    assert set(first) == {"serial", "role", "name", "issuer", "key", "notBefore", "notAfter"}
    assert datetime.fromisoformat(first["notAfter"]).astimezone(UTC) - START > timedelta(days=7000)
