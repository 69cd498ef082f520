"""Key files and the key folder: secrets stay secret, files stay whole, old keys stay useful."""

import json
import os
import shutil
import stat
import subprocess
import traceback
import warnings
from base64 import b64decode
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest

from provenance.adapters.keys import EphemeralSigner, FileSigner, InsecureKeyWarning, KeyFolder, files, reseal
from provenance.core.errors import Conflict, Misconfigured, NotFound, Unavailable, UntrustedSigner
from provenance.credentials import did_document, pinned_did_document

NOW = datetime(2026, 11, 21, 20, 0, tzinfo=UTC)
DAY = timedelta(days=1)
PASSPHRASE = b"correct horse battery"
DID = "did:web:art.example"


@pytest.fixture(scope="module")
def made_once(tmp_path_factory):
    """Making keys is slow on purpose; every test gets a copy."""
    path = tmp_path_factory.mktemp("keys") / "keys"
    KeyFolder(path, passphrase=PASSPHRASE).create(now=NOW, did=DID)
    return path


@pytest.fixture
def folder(made_once, tmp_path) -> KeyFolder:
    return KeyFolder(shutil.copytree(made_once, tmp_path / "keys"), passphrase=PASSPHRASE)


def mode(path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


# ---- FileSigner


def test_a_key_file_is_private_encrypted_and_opens_again(tmp_path):
    path = tmp_path / "key.pem"
    made = FileSigner.create(path, passphrase=PASSPHRASE, did=DID)
    assert mode(path) == 0o600
    assert path.read_bytes().startswith(b"-----BEGIN ENCRYPTED PRIVATE KEY-----")
    again = FileSigner(path, passphrase=PASSPHRASE, did=DID)
    assert (again.key_id, again.sign(b"x")) == (made.key_id, made.sign(b"x"))
    assert again.safe_for_production


def test_a_key_is_never_overwritten(tmp_path):
    path = tmp_path / "key.pem"
    FileSigner.create(path, passphrase=PASSPHRASE)
    before = path.read_bytes()
    with pytest.raises(Conflict):
        FileSigner.create(path, passphrase=PASSPHRASE)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("passphrase", [b"wrong", None, b""])
def test_the_wrong_passphrase_opens_nothing_and_shows_nothing(tmp_path, passphrase):
    path = tmp_path / "key.pem"
    FileSigner.create(path, passphrase=PASSPHRASE)
    with pytest.raises(Misconfigured) as caught:
        FileSigner(path, passphrase=passphrase)
    shown = "".join(traceback.format_exception(caught.value))
    assert PASSPHRASE.decode() not in shown
    assert "PROVENANCE_KEY_PASSPHRASE" in caught.value.hint


@pytest.mark.parametrize("bits", [0o604, 0o640, 0o620, 0o601])
def test_a_file_open_to_others_is_refused(tmp_path, bits):
    path = tmp_path / "key.pem"
    FileSigner.create(path, passphrase=PASSPHRASE)
    path.chmod(bits)
    with pytest.raises(Misconfigured, match="others can read or change") as caught:
        FileSigner(path, passphrase=PASSPHRASE)
    assert caught.value.hint == f"chmod 600 {path}"


def test_a_missing_file_says_what_to_run(tmp_path):
    with pytest.raises(Misconfigured) as caught:
        FileSigner(tmp_path / "none.pem", passphrase=PASSPHRASE)
    assert "provenance init" in caught.value.hint


@pytest.mark.parametrize(
    "content", [b"", b"-----BEGIN ENCRYPTED PRIVATE KEY-----\nAA==\n-----END ENCRYPTED PRIVATE KEY-----\n"]
)
def test_damaged_files(tmp_path, content):
    files.create(tmp_path / "key.pem", content)
    with pytest.raises(Misconfigured):
        FileSigner(tmp_path / "key.pem", passphrase=PASSPHRASE)


def test_another_kind_of_key(tmp_path):
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, PrivateFormat

    key = ec.generate_private_key(ec.SECP256R1())
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(PASSPHRASE))
    files.create(tmp_path / "key.pem", pem)
    with pytest.raises(Misconfigured, match="no Ed25519 key"):
        FileSigner(tmp_path / "key.pem", passphrase=PASSPHRASE)


def test_unencrypted_only_when_asked_and_never_quietly(tmp_path):
    path = tmp_path / "key.pem"
    with pytest.raises(Misconfigured, match="passphrase"):
        FileSigner.create(path, passphrase=None)
    assert not path.exists()
    with pytest.warns(InsecureKeyWarning, match="unencrypted"):
        signer = FileSigner.create(path, passphrase=None, allow_unencrypted=True)
    assert not signer.safe_for_production
    with pytest.raises(Misconfigured, match="not encrypted"):
        FileSigner(path, passphrase=PASSPHRASE)


def test_an_ephemeral_key_warns_and_is_not_for_production():
    with pytest.warns(InsecureKeyWarning, match="ephemeral"):
        signer = EphemeralSigner(seed=b"7" * 32)
    assert not signer.safe_for_production


def test_of_many_writers_one_wins(tmp_path):
    path = tmp_path / "key.pem"

    def create(_):
        try:
            return FileSigner.create(path, passphrase=PASSPHRASE).key_id
        except Conflict:
            return None

    with ThreadPoolExecutor(8) as pool:
        made = [key_id for key_id in pool.map(create, range(8)) if key_id]
    assert made == [FileSigner(path, passphrase=PASSPHRASE).key_id]
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is not installed")
def test_openssl_reads_the_key_file(tmp_path):
    path = tmp_path / "key.pem"
    signer = FileSigner.create(path, passphrase=PASSPHRASE)
    command = [
        "openssl",
        "pkey",
        "-in",
        str(path),
        "-passin",
        f"pass:{PASSPHRASE.decode()}",
        "-pubout",
        "-outform",
        "DER",
    ]
    public = subprocess.run(command, capture_output=True, check=True).stdout
    assert public[-32:] == signer.public_key


def test_the_passphrase_is_stretched_by_scrypt(tmp_path):
    path = tmp_path / "key.pem"
    FileSigner.create(path, passphrase=PASSPHRASE)
    der = b64decode(b"".join(path.read_bytes().splitlines()[1:-1]))
    assert bytes.fromhex("06092b06010401da47040b") in der  # OID 1.3.6.1.4.1.11591.4.11
    assert bytes.fromhex("02024000") in der  # INTEGER 16384


# ---- files


def test_an_interrupted_write_leaves_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / "file"
    files.create(path, b"old")

    def full(_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(Unavailable, match="No space left"):
        files.replace(path, b"new")
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_replace_keeps_the_file_private(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(b"old")
    path.chmod(0o644)
    files.replace(path, b"new")
    assert (path.read_bytes(), mode(path)) == (b"new", 0o600)


def test_a_folder_that_can_not_be_made(tmp_path):
    (tmp_path / "file").write_text("not a folder")
    with pytest.raises(Unavailable, match="can't be written"):
        KeyFolder(tmp_path / "file" / "keys", passphrase=PASSPHRASE).create(now=NOW)


# ---- KeyFolder


def test_a_new_folder_has_a_signing_and_a_watermark_key(folder):
    assert folder.exists
    assert mode(folder.path) == 0o700
    assert {mode(path) for path in folder.path.iterdir()} == {0o600}
    assert folder.issuer == DID
    assert folder.signer().key_id.startswith(f"{DID}#z6Mk")
    (key_id, secret), *rest = folder.watermark_keys().items()
    assert (key_id, rest) == (folder.current_watermark_key, [])
    assert len(secret) == 32


def test_it_opens_again_with_the_same_secrets(folder):
    again = KeyFolder(folder.path, passphrase=PASSPHRASE)
    assert again.signer().sign(b"x") == folder.signer().sign(b"x")
    assert again.watermark_keys() == folder.watermark_keys()


def test_without_an_issuer_it_is_a_did_key(tmp_path):
    keys = KeyFolder(tmp_path / "keys", passphrase=PASSPHRASE)
    keys.create(now=NOW)
    first = keys.signer().key_id
    assert first.startswith("did:key:z6Mk")
    second = keys.rotate_signing(now=NOW + DAY).key_id
    assert second.startswith("did:key:z6Mk")
    assert keys.issuer == second.partition("#")[0] != first.partition("#")[0]


def test_no_secret_is_on_disk_or_in_any_text(folder):
    secret = next(iter(folder.watermark_keys().values()))
    stored = b"".join(path.read_bytes() for path in folder.path.iterdir())
    assert secret not in stored
    assert secret.hex().encode() not in stored
    assert b"BEGIN PRIVATE KEY" not in stored
    for shown in (repr(folder), str(folder), repr(folder.signer()), repr(folder.history())):
        assert secret.hex() not in shown
        assert repr(secret) not in shown
        assert PASSPHRASE.decode() not in shown


def test_public_keys_need_no_passphrase_but_secrets_do(folder):
    public = KeyFolder(folder.path)
    assert public.signing_keys() == folder.signing_keys()
    assert public.current_watermark_key == folder.current_watermark_key
    for secret in (public.signer, public.watermark_keys):
        with pytest.raises(Misconfigured):
            secret()


def test_a_wrong_passphrase(folder):
    wrong = KeyFolder(folder.path, passphrase=b"wrong")
    for secret in (wrong.signer, wrong.watermark_keys):
        with pytest.raises(Misconfigured, match="passphrase"):
            secret()


def test_rotation_retires_the_old_signing_key_and_keeps_it(folder):
    before = folder.signer()
    after = folder.rotate_signing(now=NOW + DAY)
    old, new = folder.signing_keys()
    assert (old.key_id, old.valid_from, old.valid_until) == (before.key_id, NOW, NOW + DAY)
    assert (new.key_id, new.valid_from, new.valid_until) == (after.key_id, NOW + DAY, None)
    assert folder.signer().key_id == after.key_id
    keyring = folder.keyring()
    keyring.verify_at(before.key_id, b"body", before.sign(b"body"), at=NOW)
    with pytest.raises(UntrustedSigner, match="retired"):
        keyring.verify_at(before.key_id, b"body", before.sign(b"body"), at=NOW + 2 * DAY)


def test_the_issuer_can_move(folder):
    moved = folder.rotate_signing(now=NOW + DAY, did="did:web:gallery.example")
    assert folder.issuer == "did:web:gallery.example"
    assert moved.key_id.startswith("did:web:gallery.example#")
    assert len(did_document(DID, folder.signing_keys())["verificationMethod"]) == 1
    assert len(pinned_did_document(did_document(folder.issuer, folder.signing_keys()))) == 1


def test_rotation_keeps_old_watermark_secrets(folder):
    ((old_id, old_secret),) = folder.watermark_keys().items()
    new_id = folder.rotate_watermark(now=NOW + DAY)
    assert folder.current_watermark_key == new_id
    assert list(folder.watermark_keys()) == [old_id, new_id]
    assert folder.watermark_keys()[old_id] == old_secret != folder.watermark_keys()[new_id]
    assert folder.history()[1][0].retired == NOW + DAY


def test_revoking_a_key(folder):
    signer = folder.signer()
    first = signer.key_id
    with pytest.raises(Conflict) as caught:
        folder.revoke_signing(first, now=NOW)
    assert caught.value.hint.startswith("rotate first")
    folder.rotate_signing(now=NOW + DAY)
    folder.revoke_signing(first, now=NOW + DAY)
    folder.revoke_signing(first, now=NOW + 2 * DAY)
    assert folder.signing_keys()[0].revoked == NOW + DAY
    with pytest.raises(UntrustedSigner, match="revoked"):
        folder.keyring().verify(first, b"body", signer.sign(b"body"))
    with pytest.raises(NotFound):
        folder.revoke_signing("did:web:art.example#unknown", now=NOW)


def test_of_many_that_start_at_once_one_makes_the_keys(tmp_path):
    def start(_):
        keys = KeyFolder(tmp_path / "keys", passphrase=PASSPHRASE)
        try:
            keys.create(now=NOW)
        except Conflict:
            return "conflict"
        return keys.signer().key_id

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(start, range(8)))
    assert answers.count("conflict") == 7
    keys = KeyFolder(tmp_path / "keys", passphrase=PASSPHRASE)
    assert keys.signer().key_id in answers
    assert len(list(keys.path.glob("signing-*.pem"))) == 1


def test_rotations_at_once_all_count(folder):
    with ThreadPoolExecutor(4) as pool:
        made = list(pool.map(lambda number: folder.rotate_watermark(now=NOW + number * DAY), range(4)))
    ids = [entry.key_id for entry in folder.history()[1]]
    assert len(ids) == 5
    assert set(made) == set(ids[1:])


def test_a_crash_before_the_index_leaves_no_keys(tmp_path, monkeypatch):
    keys = KeyFolder(tmp_path / "keys", passphrase=PASSPHRASE)
    create = files.create

    def crash(path, data):
        if path.name == "keyring.json":
            raise KeyboardInterrupt
        create(path, data)

    monkeypatch.setattr(files, "create", crash)
    with pytest.raises(KeyboardInterrupt):
        keys.create(now=NOW)
    monkeypatch.undo()
    assert not keys.exists
    keys.create(now=NOW)
    assert keys.signer()


def test_a_folder_without_keys(tmp_path):
    keys = KeyFolder(tmp_path / "keys", passphrase=PASSPHRASE)
    assert not keys.exists
    for ask in (keys.signer, keys.watermark_keys, keys.signing_keys, lambda: keys.rotate_watermark(now=NOW)):
        with pytest.raises(Misconfigured, match="no key file"):
            ask()


@pytest.mark.parametrize(
    "change",
    [
        lambda document: document.pop("signing"),
        lambda document: document.update(currentSigning="did:web:art.example#other"),
        lambda document: document.update(signing=[]),
        lambda document: document["signing"][0].update(id="did:web:art.example#key"),
        lambda document: document["watermark"][0].update(created="yesterday"),
        lambda document: document.update(version=3),
        lambda document: document.update(version=2, generation="not hex"),
    ],
)
def test_a_damaged_index(folder, change):
    path = folder.path / "keyring.json"
    document = json.loads(path.read_bytes())
    change(document)
    files.replace(path, json.dumps(document).encode())
    with pytest.raises(Misconfigured):
        folder.signing_keys()


def test_swapped_files_are_noticed(folder):
    folder.rotate_watermark(now=NOW + DAY)
    folder.rotate_signing(now=NOW + DAY)
    for pattern in ("watermark-*", "signing-*"):
        one, two = folder.path.glob(pattern)
        shutil.copy(one, folder.path / "aside")
        two.replace(one)
        (folder.path / "aside").replace(two)
    with pytest.raises(Misconfigured):
        folder.watermark_keys()
    with pytest.raises(Misconfigured, match="another key"):
        folder.signer()


def test_a_damaged_watermark_file(folder):
    files.replace(folder.path / f"watermark-{folder.current_watermark_key}.json", b'{"cipher": "AES-256-GCM"}')
    with pytest.raises(Misconfigured, match="damaged"):
        folder.watermark_keys()


def test_an_unencrypted_folder_is_allowed_loudly(tmp_path):
    plain = KeyFolder(tmp_path / "keys", allow_unencrypted=True)
    with pytest.raises(Misconfigured, match="passphrase"):
        KeyFolder(tmp_path / "keys").create(now=NOW)
    with pytest.warns(InsecureKeyWarning):
        plain.create(now=NOW)
    with pytest.warns(InsecureKeyWarning):
        assert len(plain.watermark_keys()) == 1
    with pytest.raises(Misconfigured, match="passphrase"):
        KeyFolder(tmp_path / "keys").watermark_keys()
    with pytest.raises(Misconfigured, match="without a passphrase"):
        KeyFolder(tmp_path / "keys", passphrase=PASSPHRASE).watermark_keys()


# ---- another passphrase

ANOTHER = b"several other words"


def test_another_passphrase_opens_the_same_keys(folder):
    folder.rotate_signing(now=NOW + DAY)
    folder.rotate_watermark(now=NOW + DAY)
    before = folder.signer().sign(b"x"), folder.watermark_keys(), folder.history(), folder.issuer
    folder.change_passphrase(ANOTHER)
    after = KeyFolder(folder.path, passphrase=ANOTHER)
    assert (after.signer().sign(b"x"), after.watermark_keys(), after.history(), after.issuer) == before
    old = KeyFolder(folder.path, passphrase=PASSPHRASE)
    for secret in (old.signer, old.watermark_keys):
        with pytest.raises(Misconfigured):
            secret()


def test_nothing_under_the_old_passphrase_stays_and_keys_are_made_as_before(folder):
    folder.change_passphrase(ANOTHER)
    names = {path.name for path in folder.path.iterdir() if not path.name.startswith(".")}
    assert len(names) == 3
    assert all(mode(folder.path / name) == 0o600 for name in names)
    after = KeyFolder(folder.path, passphrase=ANOTHER)
    after.rotate_signing(now=NOW + DAY)
    after.rotate_watermark(now=NOW + DAY)
    after.change_passphrase(PASSPHRASE)
    again = KeyFolder(folder.path, passphrase=PASSPHRASE)
    assert len(again.watermark_keys()) == 2
    assert again.signer().key_id == again.signing_keys()[-1].key_id


def test_doing_it_again_does_nothing(folder):
    folder.change_passphrase(ANOTHER)
    before = {path.name: path.read_bytes() for path in folder.path.iterdir()}
    folder.change_passphrase(ANOTHER)
    KeyFolder(folder.path, passphrase=ANOTHER).change_passphrase(ANOTHER)
    assert {path.name: path.read_bytes() for path in folder.path.iterdir()} == before


def test_the_old_passphrase_is_needed_and_the_new_one_is_not_too_short(folder):
    before = {path.name: path.read_bytes() for path in folder.path.iterdir()}
    with pytest.raises(Misconfigured, match="does not open"):
        KeyFolder(folder.path, passphrase=b"a guess of somebody's").change_passphrase(ANOTHER)
    with pytest.raises(Misconfigured, match="at least"):
        folder.change_passphrase(b"short")
    assert {path.name: path.read_bytes() for path in folder.path.iterdir() if path.name != ".lock"} == {
        name: data for name, data in before.items() if name != ".lock"
    }


@pytest.mark.parametrize("stage", ["watermark", "keyring.json"])
def test_a_crash_in_between_leaves_the_old_passphrase(folder, monkeypatch, stage):
    """Until the index is replaced nothing has changed; the next attempt clears up what lies about."""
    publish = files._publish

    def crash(path, data, **options):
        if path.name.startswith(stage):
            raise Unavailable("the disk is full")
        publish(path, data, **options)

    secrets = folder.watermark_keys()
    with monkeypatch.context() as patch:
        patch.setattr(files, "_publish", crash)
        with pytest.raises(Unavailable):
            folder.change_passphrase(ANOTHER)
    assert KeyFolder(folder.path, passphrase=PASSPHRASE).watermark_keys() == secrets
    folder.change_passphrase(ANOTHER)
    assert KeyFolder(folder.path, passphrase=ANOTHER).watermark_keys() == secrets
    assert len([path for path in folder.path.iterdir() if not path.name.startswith(".")]) == 3


def test_an_unencrypted_folder_is_encrypted_by_it(tmp_path):
    plain = KeyFolder(tmp_path / "keys", allow_unencrypted=True)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", InsecureKeyWarning)
        plain.create(now=NOW, did=DID)
        secrets = plain.watermark_keys()
        plain.change_passphrase(ANOTHER)
    assert KeyFolder(plain.path, passphrase=ANOTHER).watermark_keys() == secrets
    assert not [path for path in plain.path.glob("*.pem") if b"ENCRYPTED" not in path.read_bytes()]


def test_a_program_that_is_too_old_for_the_index_says_so(folder):
    index = folder.path / "keyring.json"
    document = json.loads(index.read_text()) | {"version": 3}
    index.write_text(json.dumps(document))
    with pytest.raises(Misconfigured, match="version 3"):
        folder.signer()


def test_one_key_file_is_sealed_again(tmp_path):
    path = tmp_path / "key.pem"
    made = FileSigner.create(path, passphrase=PASSPHRASE)
    for _ in range(2):
        reseal(path, old=PASSPHRASE, new=ANOTHER)
        assert FileSigner(path, passphrase=ANOTHER).sign(b"x") == made.sign(b"x")
    assert mode(path) == 0o600
    with pytest.raises(Misconfigured, match="does not open"):
        reseal(path, old=PASSPHRASE, new=b"a guess of somebody's")
