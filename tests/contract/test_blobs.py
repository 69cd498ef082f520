"""The Blobs port: content-addressed files."""

import hashlib
import threading
import uuid

import pytest

from provenance.adapters.blobs import FsspecBlobs
from provenance.core.errors import NotFound
from provenance.core.ports import Blobs


@pytest.fixture(params=["folder", "memory"])
def blobs(request: pytest.FixtureRequest, tmp_path) -> Blobs:
    return FsspecBlobs(str(tmp_path / "blobs") if request.param == "folder" else f"memory://{uuid.uuid4()}")


@pytest.mark.parametrize("data", [b"", b"x", bytes(range(256)) * 5000])
def test_what_was_put_is_got(blobs: Blobs, data):
    digest = blobs.put(data)
    assert digest == hashlib.sha256(data).hexdigest()
    assert blobs.get(digest) == data


def test_putting_twice_is_the_same_as_once(blobs: Blobs):
    assert blobs.put(b"one") == blobs.put(b"one")
    assert blobs.get(blobs.put(b"one")) == b"one"


def test_blobs_do_not_mix(blobs: Blobs):
    digests = [blobs.put(str(number).encode()) for number in range(50)]
    assert [blobs.get(digest) for digest in digests] == [str(number).encode() for number in range(50)]


def test_a_deleted_blob_is_gone_and_its_neighbours_stay(blobs: Blobs):
    gone, stays = blobs.put(b"gone"), blobs.put(b"stays")
    for _ in range(2):  # twice is the same as once
        blobs.delete(gone)
        with pytest.raises(NotFound):
            blobs.get(gone)
    blobs.delete(hashlib.sha256(b"never").hexdigest())
    assert blobs.get(stays) == b"stays"
    assert blobs.get(blobs.put(b"gone")) == b"gone"


@pytest.mark.parametrize("digest", ["", "../../etc/passwd", "A" * 64])
def test_what_is_no_digest_deletes_nothing(blobs: Blobs, digest):
    with pytest.raises(NotFound, match="not a blob's digest"):
        blobs.delete(digest)


def test_a_digest_that_was_never_put_is_not_found(blobs: Blobs):
    with pytest.raises(NotFound):
        blobs.get(hashlib.sha256(b"never").hexdigest())


@pytest.mark.parametrize(
    "digest",
    [
        "",
        "../../etc/passwd",
        "a" * 63,
        "A" * 64,
        "g" * 64,
        "a" * 64 + "\n",
        "/" + "a" * 63,
        "a" * 32 + "/../" + "a" * 28,
    ],
)
def test_what_is_no_digest_is_not_found(blobs: Blobs, digest):
    with pytest.raises(NotFound, match="not a blob's digest"):
        blobs.get(digest)


def test_many_writers_of_the_same_bytes_agree(blobs: Blobs):
    digests: list[str] = []
    threads = [threading.Thread(target=lambda: digests.append(blobs.put(b"same" * 10_000))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(digests) == 8
    assert blobs.get(*set(digests)) == b"same" * 10_000
