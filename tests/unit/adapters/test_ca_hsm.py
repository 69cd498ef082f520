"""A claim-signing key in SoftHSM: skipped where python-pkcs11 or SoftHSM is not installed."""

import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from provenance import plugins
from provenance.adapters.ca import CaFolder, ClaimKey, Lock
from provenance.core.errors import Misconfigured, Unavailable
from provenance.credentials.pki.profiles import Role
from tests.doubles import SteppingClock
from tests.pki import OWNER

pkcs11 = pytest.importorskip("pkcs11")
MODULES = ("/usr/lib/softhsm/libsofthsm2.so", "/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so")
MODULE = next((path for path in MODULES if Path(path).is_file()), None)
pytestmark = pytest.mark.skipif(
    MODULE is None or shutil.which("softhsm2-util") is None, reason="SoftHSM is not installed"
)
PIN = "7531-pin"


@dataclass(frozen=True)
class Token:
    label: str

    def uri(self, name: str = "claim") -> str:
        return f"pkcs11:token={self.label};object={name}?module-path={MODULE}"


@pytest.fixture(scope="module")
def token(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Token]:
    """A token with three keys. The module reads its configuration once a process."""
    home = tmp_path_factory.mktemp("softhsm")
    (home / "tokens").mkdir()
    (home / "softhsm2.conf").write_text(f"directories.tokendir = {home / 'tokens'}\nlog.level = ERROR\n")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SOFTHSM2_CONF", str(home / "softhsm2.conf"))
        command = ("softhsm2-util", "--init-token", "--free", "--label", "art", "--pin", PIN, "--so-pin", "so-pin")
        subprocess.run(command, check=True, capture_output=True, timeout=60)
        from pkcs11.util.ec import encode_named_curve_parameters

        opened = pkcs11.lib(MODULE).get_token(token_label="art").open(rw=True, user_pin=PIN)
        for name, curve in (("claim", "secp256r1"), ("strong", "secp384r1"), ("odd", "secp256k1")):
            parameters = opened.create_domain_parameters(
                pkcs11.KeyType.EC,
                {pkcs11.Attribute.EC_PARAMS: encode_named_curve_parameters(curve)},
                local=True,
            )
            parameters.generate_keypair(store=True, label=name)
        opened.close()
        yield Token("art")


@pytest.fixture
def opened():
    """Opens keys as the wiring does. A process stays logged in until its last session is closed."""
    keys = []

    def make(uri: str, pin: str | None = PIN):
        keys.append(plugins.load("signers", "pkcs11")(uri, pin))
        return keys[-1]

    yield make
    for key in keys:
        key.close()


@pytest.mark.parametrize(("name", "algorithm"), [("claim", hashes.SHA256()), ("strong", hashes.SHA384())])
def test_the_module_signs(token: Token, opened, name: str, algorithm: hashes.HashAlgorithm):
    key = opened(token.uri(name))
    signature = key.sign(b"a claim")
    key.public_key().verify(signature, b"a claim", ec.ECDSA(algorithm))
    with pytest.raises(InvalidSignature):
        key.public_key().verify(signature, b"another claim", ec.ECDSA(algorithm))
    assert PIN not in repr(key)


def test_a_key_is_opened_twice(token: Token, opened):
    assert opened(token.uri()).public_key() == opened(token.uri()).public_key()


def test_a_session_that_was_lost_is_opened_again(token: Token, opened, monkeypatch: pytest.MonkeyPatch):
    key = opened(token.uri())
    lost, private = key._session, type(key)._private

    def gone_once(self):
        if self._session is lost:
            raise pkcs11.exceptions.SessionHandleInvalid
        return private(self)

    monkeypatch.setattr(type(key), "_private", gone_once)
    key.public_key().verify(key.sign(b"x"), b"x", ec.ECDSA(hashes.SHA256()))
    assert key._session is not lost
    lost.close()


def test_a_module_that_stays_away_is_unavailable(token: Token, opened, monkeypatch: pytest.MonkeyPatch):
    key = opened(token.uri())

    def gone(_self: object) -> object:
        raise pkcs11.exceptions.DeviceRemoved

    monkeypatch.setattr(type(key), "_opened", gone)
    monkeypatch.setattr(type(key), "_private", gone)
    with pytest.raises(Unavailable, match="DeviceRemoved"):
        key.sign(b"x")


def test_a_certificate_for_the_key_in_the_module(token: Token, opened, tmp_path: Path):
    claim_key = ClaimKey(token.uri(), opened)
    folder = CaFolder(tmp_path / "ca", Lock(b"passphrase"), clock=SteppingClock(), claim_key=claim_key)
    folder.create(OWNER)
    assert folder.current(Role.LEAF).key == token.uri()
    assert not list(folder.path.glob("leaf-*.key.pem"))
    signer = folder.claim_signer()
    assert (signer.alg, len(signer.sign(b"x"))) == ("ES256", 64)
    request = x509.load_pem_x509_csr(folder.request(OWNER.name("Registrar")))
    assert request.is_signature_valid
    assert request.public_key() == opened(token.uri()).public_key()
    assert PIN not in (folder.path / "ca.json").read_text()


@pytest.mark.parametrize(
    "uri",
    [
        "pkcs11:",
        "pkcs11:token=art;object=claim",
        "pkcs11:object=claim?module-path=/nowhere.so",
        "file:token=art;object=claim?module-path=/nowhere.so",
        "pkcs11:token=art;object=claim?module-path=/nowhere.so",
    ],
)
def test_an_address_that_leads_nowhere(uri: str, opened):
    with pytest.raises(Misconfigured):
        opened(uri)


@pytest.mark.parametrize("name", ["nothing", "odd"])
def test_no_key_or_one_on_another_curve(token: Token, opened, name: str):
    with pytest.raises(Misconfigured):
        opened(token.uri(name))


def test_the_wrong_token_and_the_wrong_pin(token: Token, opened):
    with pytest.raises(Misconfigured):
        opened(token.uri().replace("token=art", "token=other"))
    with pytest.raises(Misconfigured) as caught:
        opened(token.uri(), "not-the-pin")
    assert "not-the-pin" not in str(caught.value)
