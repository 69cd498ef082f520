import hashlib
import json

import pytest

from provenance.core.errors import MalformedCertificate
from provenance.credentials.canonical import MAX_BYTES, MAX_DEPTH, canonical, certificate_hash, parse


def finding(document) -> str:
    with pytest.raises(MalformedCertificate) as caught:
        parse(document)
    return caught.value.finding


def nested(depth: int) -> bytes:
    return b'{"a":' * depth + b"1" + b"}" * depth


def test_bytes_and_objects_read_the_same():
    document = {"b": [1, "é"], "a": None}
    assert parse(json.dumps(document).encode()) == parse(document) == document


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"", "not-json"),
        (b"{", "not-json"),
        (b'{"a":1}x', "not-json"),
        (b'\xef\xbb\xbf{"a":1}', "not-json"),  # a byte order mark
        ('{"a":1}'.encode("utf-16"), "not-json"),
        (b'{"a":"\xff"}', "not-json"),
        (b'{"a":Infinity}', "not-json"),
        (b'{"a":' + b"9" * 5000 + b"}", "not-json"),
        (b"[1]", "not-object"),
        (b'"text"', "not-object"),
        (b'{"a":1,"a":1}', "duplicate-key"),
        (b'{"x":{"a":1,"\\u0061":2}}', "duplicate-key"),
        (b'{"a":"' + b"x" * MAX_BYTES + b'"}', "too-large"),
        (nested(MAX_DEPTH + 1), "too-deep"),
        (b"[" * 200_000, "too-deep"),
    ],
)
def test_refused_with_its_finding(data, expected):
    assert finding(data) == expected


def test_depth_limit_is_exact_and_ignores_brackets_in_strings():
    assert parse(nested(MAX_DEPTH))
    assert parse(b'{"a":"' + b"[{" * 1000 + b'\\"[[["}') == {"a": "[{" * 1000 + '"[[['}


def test_scan_stays_linear_on_unterminated_strings():
    # Quadratic work on this input would take hours, not milliseconds.
    assert finding(b'{"a":"' + b'\\"' * (MAX_BYTES // 2 - 10)) == "not-json"


@pytest.mark.parametrize("document", [{"a": {1, 2}}, {"a": float("nan")}, {"a": "\ud800"}])
def test_objects_that_are_no_json_are_refused(document):
    assert finding(document) == "not-json"


def test_circular_object_is_refused():
    loop: dict = {}
    loop["loop"] = loop
    assert finding(loop) == "not-json"


def test_canonical_bytes_are_rfc8785():
    # RFC 8785, section 3.2.3: names are sorted by UTF-16 code units.
    document = {"€": 1, "\r": 2, "\ufb33": 3, "1": 4, "\U0001f600": 5, "\x80": 6, "ö": 7}
    assert [json.loads(canonical(document))[name] for name in json.loads(canonical(document))] == [2, 4, 6, 7, 1, 5, 3]


@pytest.mark.parametrize("value", [2**53 + 1, float("inf"), "\ud800"])
def test_no_canonical_form(value):
    with pytest.raises(MalformedCertificate) as caught:
        canonical({"a": value})
    assert caught.value.finding == "not-canonical"


def test_certificate_hash_covers_the_proof(certificate):
    assert certificate_hash(certificate) == hashlib.sha256(canonical(certificate)).hexdigest()
    assert certificate_hash(certificate) != certificate_hash({**certificate, "proof": {}})
