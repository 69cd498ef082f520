"""Hostile uploads: mutated picture files and forms give every answer except a 500."""

import json
from functools import cache
from urllib.parse import quote

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.service import Api, encoded, scene

SAMPLES = ("PNG", "JPEG", "WEBP", "TIFF", "GIF", "BMP")
FINE = (201, 400, 409, 413, 415, 422)
LIMITS = settings(
    max_examples=25,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


@cache
def sample(format_: str) -> bytes:
    return encoded(scene(8, width=40, height=32), format_)  # too small for a mark: a sound one costs little


@st.composite
def mutated(draw: st.DrawFn) -> bytes:
    """A picture file with a few bytes changed, cut out or doubled, most of them near its start, where headers are."""
    data = bytearray(sample(draw(st.sampled_from(SAMPLES))))
    for _ in range(draw(st.integers(1, 6))):
        at = draw(st.one_of(st.integers(0, min(200, len(data) - 1)), st.integers(0, len(data) - 1)))
        match draw(st.sampled_from(("set", "cut", "double", "end"))):
            case "set":
                data[at] = draw(st.sampled_from((0, 1, 0x7F, 0x80, 0xFF, draw(st.integers(0, 255)))))
            case "cut":
                del data[at : at + draw(st.integers(1, 40))]
            case "double":
                data[at:at] = data[at : at + draw(st.integers(1, 40))]
            case "end":
                del data[max(1, at) :]
        if not data:
            data = bytearray(b"\0")
    return bytes(data)


@LIMITS
@given(data=mutated())
def test_mutated_pictures_are_never_a_500(api: Api, data: bytes):
    for path in ("/v1/works", "/v1/checks"):
        answer = api.http.post(path, headers=api.auth(), files={"file": ("a.png", data)})
        assert answer.status_code in FINE, answer.text
        if answer.status_code != 201:
            assert answer.headers["content-type"] == "application/problem+json"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=12,
)
FIELDS = ("kind", "width", "height", "palette", "seed", "generator", "version")


@LIMITS
@given(
    recipe=st.dictionaries(st.sampled_from(FIELDS), JSON, max_size=5),
    named=st.booleans(),
    number=st.integers(-2, 1 << 64),
)
def test_hostile_recipes_are_never_a_500(api: Api, recipe: dict, named: bool, number: int):
    if named:
        recipe["generator"], recipe["kind"] = "procedural", recipe.get("kind") or "no such kind"
    data = {"recipe": json.dumps(recipe), "seed": str(number)}
    answer = api.http.post("/v1/works", headers=api.auth(), data=data)
    assert answer.status_code == 400, answer.text


@LIMITS
@given(body=st.binary(max_size=300), boundary=st.sampled_from(("b", "--", "é", '"b"')))
def test_hostile_forms_are_never_a_500(api: Api, body: bytes, boundary: str):
    head = b'--b\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n'
    headers = api.auth() | {"Content-Type": f"multipart/form-data; boundary={boundary}".encode("latin-1")}
    for content in (body, head + body, head + b"\r\n" + body + b"\r\n--b--\r\n"):
        answer = api.http.post("/v1/checks", headers=headers, content=content)
        assert answer.status_code in FINE, answer.text


@LIMITS
@given(
    certificate=st.one_of(st.binary(max_size=200), JSON.map(lambda value: json.dumps(value).encode())),
    key=st.text(st.characters(codec="latin-1", exclude_characters="\r\n\0"), max_size=20),
    identity=st.text(max_size=20),
)
def test_hostile_documents_headers_and_ids_are_never_a_500(api: Api, certificate: bytes, key: str, identity: str):
    answer = api.http.post("/v1/verify", files={"certificate": ("c", certificate)})
    assert (answer.status_code, answer.json()["result"]) == (200, "refused")
    headers = api.auth() | {"Idempotency-Key": key.encode("latin-1"), "If-None-Match": key.encode("latin-1")}
    body = {"offer_id": identity, "licensee": identity, "valid_until": identity}
    assert api.http.post("/v1/grants", headers=headers, json=body).status_code == 400
    for path in ("/v1/works", "/v1/checks", "/v1/grants", "/v1/terms"):
        answer = api.http.get(f"{path}/{quote(identity, safe='')}", headers=headers)
        assert answer.status_code in (400, 404), answer.text
