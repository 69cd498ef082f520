"""The C2PA Soft Binding Resolution API 2.4, asked as a stranger's client would: routes, fields, statuses, and promises.

Written from the published route table, one class a group of routes, against the real app with its own watermark,
index, certificate authority and transparency log. Manifests of strangers are signed by an authority of their own.
"""

import base64
import hashlib
import json
import re
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from typing import Any
from urllib.parse import quote

import jsonschema_rs
import numpy as np
import pytest
from PIL import Image

from provenance.adapters.c2pa import C2paSigner
from provenance.core.errors import SourceRefused, Unavailable
from provenance.core.manifests import ManifestStatement, ManifestUpdate, SoftBinding, Software
from provenance.core.types import WorkId
from provenance.credentials import certificate_hash
from provenance.credentials.c2pa import iscc
from provenance.credentials.c2pa.store import ManifestStore
from provenance.credentials.tlog import LogProof, Policy, VerifierKey, verify_proof
from provenance.credentials.vocabulary import TRAINED_ALGORITHMIC_MEDIA
from provenance.watermark import ALG as MARK
from tests.service import Api, decoded, encoded, new_picture, picture, scene
from tests.unit.adapters.c2pa.authority import Authority
from tests.unit.faces.test_api_works import problem
from tests.unit.usecases.test_resolve import Shelf

pytestmark = pytest.mark.integration

TRUSTMARK = "com.adobe.trustmark.P"
UNKNOWN = "urn:c2pa:00000000-0000-0000-0000-000000000000"
URL = "https://pictures.example/a.jpg"

RESULT = {  # c2pa.softBindingQueryResult of the published document
    "type": "object",
    "required": ["matches"],
    "properties": {
        "matches": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {
                    "manifestId": {"type": "string"},
                    "endpoint": {"type": "string"},
                    "similarityScore": {"type": "integer", "minimum": 0, "maximum": 100},
                },
                "required": ["manifestId"],
                "additionalProperties": False,
            },
        }
    },
}
RECEIPT = {
    "type": "object",
    "required": ["@context", "@type", "repository", "anchor"],
    "properties": {
        "@context": {"required": ["c2pa", "receipt"]},
        "@type": {"const": "org.c2pa.manifest-receipt"},
        "repository": {"required": ["uri", "manifestId"]},
        "anchor": {"required": ["uri", "proof"], "properties": {"proof": {"required": ["alg", "value"]}}},
        "verified": {"type": "boolean"},
    },
}


class Client:
    """The API as its published document names things."""

    def __init__(self, api: Api) -> None:
        self.api = api
        self.http = api.http

    def auth(self, owner: str = "ann") -> dict[str, str]:
        return self.api.auth(owner, "manifests:read", "manifests:write", "bindings:write")

    def by_binding(self, alg: str, value: bytes | str, **query: Any) -> list[dict[str, Any]]:
        text = value if isinstance(value, str) else base64.b64encode(value).decode()
        return self.matches(self.http.get("/v1/matches/byBinding", params={"alg": alg, "value": text, **query}))

    def post_content(self, data: bytes, media_type: str | None = "image/jpeg", **query: Any) -> Any:
        headers = {"Content-Type": media_type} if media_type else {}
        return self.http.post("/v1/matches/byContent", params=query, content=data, headers=headers)

    def by_content(self, data: bytes, media_type: str = "image/jpeg", **query: Any) -> list[dict[str, Any]]:
        return self.matches(self.post_content(data, media_type, **query))

    def by_reference(self, body: dict[str, Any], **query: Any) -> Any:
        return self.http.post("/v1/matches/byReference", params=query, json=body, headers=self.auth())

    def matches(self, answer: Any) -> list[dict[str, Any]]:
        assert answer.status_code == 200, answer.text
        assert answer.headers["content-type"] == "application/json"
        jsonschema_rs.validate(RESULT, answer.json())
        found: list[dict[str, Any]] = answer.json()["matches"]
        return found

    def store(self, data: bytes, owner: str = "ann", **query: Any) -> Any:
        headers = self.auth(owner) | {"Content-Type": "application/c2pa"}
        return self.http.post("/v1/manifests", params=query, content=data, headers=headers)

    def stored(self, data: bytes, owner: str = "ann") -> str:
        answer = self.store(data, owner)
        assert answer.status_code == 200, answer.text
        assert list(answer.json()) == ["manifestId"]
        return str(answer.json()["manifestId"])

    def manifest(self, manifest_id: str, **query: Any) -> Any:
        return self.http.get(f"/v1/manifests/{manifest_id}", params=query)

    def delete(self, manifest_id: str, owner: str = "ann") -> Any:
        return self.http.delete(f"/v1/manifests/{manifest_id}", headers=self.auth(owner))

    def bind(self, method: str, manifest_id: str, value: str, owner: str = "ann", **more: str) -> Any:
        body = {"bindingValue": value, "manifestId": manifest_id, **more}
        return self.http.request(method, "/v1/bindings", json=body, headers=self.auth(owner))


@pytest.fixture(scope="module")
def client(api: Api) -> Client:
    return Client(api)


@pytest.fixture(scope="module")
def signer() -> C2paSigner:
    """A stranger's: our service does not trust its root."""
    return C2paSigner(Authority().claims)


Sign = Callable[..., bytes]


@pytest.fixture(scope="module")
def sign(signer: C2paSigner) -> Sign:
    """Makes manifest stores of strangers, each with an id of its own."""

    def make(*bindings: tuple[str, bytes], pixels: np.ndarray | None = None) -> bytes:
        asset = encoded(pixels if pixels is not None else scene(3, width=64, height=64))
        statement = ManifestStatement(
            title="a stranger's",
            when=datetime(2026, 3, 1, tzinfo=UTC),
            generator=Software("Elsewhere", "1.0"),
            digital_source_type=TRAINED_ALGORITHMIC_MEDIA,
            soft_bindings=tuple(SoftBinding(alg, value) for alg, value in bindings),
        )
        return signer.sign(asset, "image/png", statement).manifest

    return make


@pytest.fixture(scope="module")
def registered(api: Api) -> tuple[dict[str, Any], str]:
    """A registered photograph, and its manifest's id."""
    work = api.register(picture("photo-canyon.jpg"), owner="ann")
    return work, manifest_of(api, work)


def manifest_of(api: Api, work: dict[str, Any]) -> str:
    with api.service.store.read() as unit:
        return str(unit.manifests.of_work(WorkId.parse(work["id"]))[0].id)


def mark_of(work: dict[str, Any]) -> bytes:
    return WorkId.parse(work["id"]).payload.to_bytes(8, "big")


def ids(matches: list[dict[str, Any]]) -> list[str]:
    return [match["manifestId"] for match in matches]


class TestService:
    def test_discovery_leads_to_the_rest_and_all_name_one_specification(self, client: Client) -> None:
        found = client.http.get("/.well-known/c2pa-soft-binding-resolution").json()
        capabilities = client.http.get(found["capabilitiesEndpoint"]).json()
        assert found["c2paSpecificationVersion"] == capabilities["c2paSpecificationVersion"] == "2.4.0"
        assert found["apiEndpoint"].endswith("/v1")
        assert capabilities["supportedCapabilities"] == [
            "queryByContent",
            "queryByReference",
            "storeManifests",
            "storeBindings",
        ]
        status = client.http.get(found["statusEndpoint"]).json()
        assert status["status"] == "ok"
        assert datetime.fromisoformat(status["timestamp"]).tzinfo is not None

    def test_the_algorithms_are_those_that_are_read_from_pictures(self, client: Client) -> None:
        answer = client.http.get("/v1/services/supportedAlgorithms")
        assert answer.json() == {"watermarks": [{"alg": MARK}], "fingerprints": [{"alg": "io.iscc.v0"}]}
        assert client.api.service.watermarker.alg == MARK

    def test_what_is_switched_off_is_not_claimed(self, api_with: Callable[..., Api]) -> None:
        closed = api_with(fetch_urls=False)
        assert "queryByReference" not in closed.http.get("/v1/services/capabilities").json()["supportedCapabilities"]
        key = closed.auth("ann", "manifests:read")
        answer = closed.http.post("/v1/matches/byReference", json={"referenceUrl": URL, "assetLength": 1}, headers=key)
        assert "does not fetch" in problem(answer, 400, "invalid-request")["detail"]

    def test_a_broken_part_shows(self, client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
        for broken, status in (("index", "degraded"), ("database", "down")):
            parts = {"database": {"ok": True}, broken: {"ok": False}}
            monkeypatch.setattr(type(client.api.service), "readiness", lambda self, parts=parts: parts)
            assert client.http.get("/v1/services/status").json()["status"] == status


class TestByBinding:
    def test_a_watermark_leads_to_its_works_manifest_both_ways(
        self, client: Client, registered: tuple[dict[str, Any], str]
    ) -> None:
        work, id_ = registered
        expected = [{"manifestId": id_, "similarityScore": 100}]
        assert client.by_binding(MARK, mark_of(work)) == expected
        body = {"alg": MARK, "value": base64.b64encode(mark_of(work)).decode()}
        assert client.matches(client.http.post("/v1/matches/byBinding", json=body)) == expected

    def test_the_binding_in_the_manifest_is_the_one_that_leads_to_it(
        self, client: Client, registered: tuple[dict[str, Any], str]
    ) -> None:
        """Read by C2PA's own library from the file that was handed out."""
        work, id_ = registered
        report = client.api.service.manifest_reader.read(client.api.file(work["id"]), work["media_type"])
        assert report.manifest_id == id_
        bindings = {binding.alg: binding.value for binding in report.soft_bindings}
        assert bindings[MARK] == mark_of(work)
        for alg, value in bindings.items():
            assert ids(client.by_binding(alg, value)) == [id_]

    def test_every_way_to_write_base64_asks_the_same(self, client: Client, sign: Sign) -> None:
        value = b"\xfb\xff\xfe\xfa" + b"every way"  # "+//++…" in base64
        id_ = client.stored(sign((TRUSTMARK, value)))
        standard, url_safe = base64.b64encode(value).decode(), base64.urlsafe_b64encode(value).decode()
        assert "+" in standard
        assert "/" in standard
        for text in (standard, standard.rstrip("="), url_safe, url_safe.rstrip("=")):
            assert ids(client.by_binding(TRUSTMARK, text)) == [id_]
        unescaped = f"/v1/matches/byBinding?alg={TRUSTMARK}&value={standard}"  # the + of a careless client
        assert ids(client.matches(client.http.get(unescaped))) == [id_]

    def test_a_near_iscc_is_found_with_a_score_that_says_how_near(self, client: Client, sign: Sign) -> None:
        pixels = scene(501)
        value = iscc.units(pixels, encoded(pixels)).value
        id_ = client.stored(sign(("io.iscc.v0", value)))
        assert client.by_binding("io.iscc.v0", value) == [{"manifestId": id_, "similarityScore": 100}]
        other = iscc.units(decoded(encoded(pixels, "JPEG", quality=60)), b"another file").value
        ((found, score),) = [(m["manifestId"], m["similarityScore"]) for m in client.by_binding("io.iscc.v0", other)]
        assert (found, 75 <= score <= 99) == (id_, True)
        assert client.by_binding("io.iscc.v0", iscc.units(scene(502), b"").value) == []

    def test_max_results_is_kept(self, client: Client, sign: Sign) -> None:
        value = b"three of them"
        stored = {client.stored(sign((TRUSTMARK, value))) for _ in range(3)}
        assert set(ids(client.by_binding(TRUSTMARK, value))) == stored
        assert len(client.by_binding(TRUSTMARK, value, maxResults=2)) == 2
        assert len(client.by_binding(TRUSTMARK, value, maxResults=10**30)) == 3

    @pytest.mark.parametrize(
        "query",
        [
            {},
            {"alg": TRUSTMARK},
            {"value": "AQID"},
            {"alg": "", "value": "AQID"},
            {"alg": TRUSTMARK, "value": ""},
            {"alg": TRUSTMARK, "value": "no base64!"},
            {"alg": "no name", "value": "AQID"},
            {"alg": MARK, "value": "AQID"},
            {"alg": TRUSTMARK, "value": "AQID", "maxResults": "0"},
            {"alg": TRUSTMARK, "value": "AQID", "maxResults": "-1"},
            {"alg": TRUSTMARK, "value": "AQID", "maxResults": "1.5"},
            {"alg": TRUSTMARK, "value": "AQID", "maxResults": "ten"},
        ],
    )
    def test_a_wrong_question_is_400(self, client: Client, query: dict[str, str]) -> None:
        problem(client.http.get("/v1/matches/byBinding", params=query), 400, "invalid-request")
        body = {name: value for name, value in query.items() if name != "maxResults"}
        if body == query:
            problem(client.http.post("/v1/matches/byBinding", json=body), 400, "invalid-request")

    @pytest.mark.parametrize("body", [b"", b"{", b"[]", b'{"alg": 1, "value": 2}', b'"text"'])
    def test_a_body_that_is_no_question_is_400(self, client: Client, body: bytes) -> None:
        headers = {"Content-Type": "application/json"}
        problem(client.http.post("/v1/matches/byBinding", content=body, headers=headers), 400, "invalid-request")

    def test_a_long_value_goes_by_post_and_a_longer_one_nowhere(self, client: Client) -> None:
        long, longer = "A" * 5000, "A" * 70_000
        asked = client.http.get("/v1/matches/byBinding", params={"alg": TRUSTMARK, "value": long})
        assert "POST" in problem(asked, 414, "uri-too-long")["hint"]
        answer = client.http.post("/v1/matches/byBinding", json={"alg": TRUSTMARK, "value": long})
        assert client.matches(answer) == []
        answer = client.http.post("/v1/matches/byBinding", json={"alg": TRUSTMARK, "value": longer})
        problem(answer, 413, "too-large")

    def test_a_field_that_a_later_version_adds_is_let_through(self, client: Client) -> None:
        body = {"alg": TRUSTMARK, "value": "AQID", "later": {"x": 1}}
        assert client.matches(client.http.post("/v1/matches/byBinding", json=body)) == []

    def test_any_web_page_may_read_the_answer(self, client: Client) -> None:
        answer = client.http.get("/v1/matches/byBinding", params={"alg": TRUSTMARK, "value": "AQID"})
        assert answer.headers["access-control-allow-origin"] == "*"
        assert answer.headers["cache-control"] == "no-store"


def stripped_and_cropped(file: bytes) -> bytes:
    """All metadata gone, 10 % of each side cut off, JPEG of quality 80: what a platform makes of a picture."""
    pixels = decoded(file)
    height, width = pixels.shape[:2]
    dy, dx = round(height * 0.05), round(width * 0.05)
    return encoded(pixels[dy : height - dy, dx : width - dx], "JPEG", quality=80)


class TestByContent:
    def test_a_stripped_reencoded_cropped_copy_leads_to_our_manifest(
        self, client: Client, registered: tuple[dict[str, Any], str]
    ) -> None:
        work, id_ = registered
        copy = stripped_and_cropped(client.api.file(work["id"]))
        assert client.api.service.manifest_reader.read(copy, "image/jpeg") is None
        (match,) = client.by_content(copy)
        assert match["manifestId"] == id_
        assert 90 <= match["similarityScore"] <= 99
        store = client.manifest(id_).content
        recovered = client.api.service.manifest_reader.read(copy, "image/jpeg", manifest=store)
        assert recovered.content_differs
        assert recovered.manifest_id == id_

    def test_the_file_itself_is_certain(self, client: Client, registered: tuple[dict[str, Any], str]) -> None:
        work, id_ = registered
        found = client.by_content(client.api.file(work["id"]), work["media_type"])
        assert found == [{"manifestId": id_, "similarityScore": 100}]

    def test_a_watermark_copied_onto_another_picture_is_not_answered(self, client: Client) -> None:
        """The copy attack: what registration added to one picture, added to another one."""
        source, other = scene(601, width=512, height=512), scene(602, width=512, height=512)
        work = client.api.register(encoded(source))
        added = decoded(client.api.file(work["id"])).astype(int) - source
        forged = np.clip(other + added, 0, 255).astype(np.uint8)
        found = client.api.service.watermarker.detect(forged)
        assert found is not None
        assert found.payload.to_bytes(8, "big") == mark_of(work)
        assert client.by_content(encoded(forged), "image/png") == []
        hint = {"hintAlg": MARK, "hintValue": base64.b64encode(mark_of(work)).decode()}
        assert client.by_content(encoded(forged), "image/png", **hint) == []

    def test_an_algorithm_answers_for_itself(self, client: Client, registered: tuple[dict[str, Any], str]) -> None:
        work, id_ = registered
        file = client.api.file(work["id"])
        for alg in (MARK, "io.iscc.v0"):
            assert ids(client.by_content(file, work["media_type"], alg=alg)) == [id_]
        detail = problem(client.post_content(file, alg=TRUSTMARK), 400, "invalid-request")["detail"]
        assert TRUSTMARK in detail

    def test_a_hint_is_heard_where_the_picture_agrees(self, client: Client, sign: Sign) -> None:
        pixels, value = scene(603), b"a hint"
        id_ = client.stored(sign((TRUSTMARK, value), ("io.iscc.v0", iscc.units(pixels, b"").value)))
        hint = {"hintAlg": TRUSTMARK, "hintValue": base64.b64encode(value).decode()}
        assert ids(client.by_content(encoded(pixels), "image/png", alg=MARK, **hint)) == [id_]
        assert client.by_content(encoded(scene(604)), "image/png", alg=MARK, **hint) == []

    @pytest.mark.parametrize(
        "media_type", ["audio/wav", "video/mp4", "application/pdf", "text/plain", "nonsense", None]
    )
    def test_only_pictures_are_looked_at(self, client: Client, media_type: str | None) -> None:
        problem(client.post_content(encoded(scene(3)), media_type), 415, "unsupported-format")

    @pytest.mark.parametrize(
        ("data", "status"),
        [(b"", 400), (b"no picture", 415), (encoded(scene(3))[:200], 400), (b"\xff\xd8\xff", 400)],
        ids=["empty", "text", "truncated", "three bytes"],
    )
    def test_what_is_no_picture_is_refused_and_never_with_422(self, client: Client, data: bytes, status: int) -> None:
        assert client.post_content(data).status_code == status

    @pytest.mark.parametrize(
        "query",
        [
            {"maxResults": 0},
            {"hintAlg": TRUSTMARK},
            {"hintValue": "AQID"},
            {"hintAlg": TRUSTMARK, "hintValue": "%"},
            {"alg": "no name"},
        ],
    )
    def test_a_wrong_question_is_400(self, client: Client, query: dict[str, Any]) -> None:
        problem(client.post_content(encoded(scene(3)), **query), 400, "invalid-request")

    def test_a_picture_over_the_limit_is_413(self, client: Client) -> None:
        data = bytes(client.api.service.settings.max_upload_bytes + (1 << 20))
        problem(client.post_content(data), 413, "too-large")

        def endless() -> Iterator[bytes]:  # without a Content-Length
            for _ in range(40):
                yield bytes(1 << 20)

        answer = client.http.post("/v1/matches/byContent", content=endless(), headers={"Content-Type": "image/png"})
        problem(answer, 413, "too-large")


class TestByReference:
    @pytest.fixture
    def shelf(self, client: Client, monkeypatch: pytest.MonkeyPatch) -> Shelf:
        shelf = Shelf()
        service = client.api.service
        monkeypatch.setitem(service.__dict__, "resolve", replace(service.resolve, fetcher=shelf))
        return shelf

    def test_a_picture_at_an_address_and_a_rectangle_of_it(
        self, client: Client, shelf: Shelf, registered: tuple[dict[str, Any], str]
    ) -> None:
        work, id_ = registered
        shown = np.asarray(Image.fromarray(decoded(client.api.file(work["id"]))).resize((400, 300)))
        page = np.full((300, 1200, 3), 255, np.uint8)
        page[:, 400:800] = shown
        shelf.files[URL] = encoded(page, "JPEG", quality=92)
        body = {"referenceUrl": URL, "assetLength": 1 << 20, "assetType": "image/jpeg"}
        shape = {"kind": "rectangle", "unit": "pixel", "origin": {"x": 400, "y": 0}, "width": 400, "height": 300}
        found = client.matches(client.by_reference(body | {"region": [{"type": "spatial", "shape": shape}]}))
        assert ids(found) == [id_]
        elsewhere = shape | {"origin": {"x": 0, "y": 0}}
        region = [{"type": "spatial", "shape": elsewhere}]
        assert client.matches(client.by_reference(body | {"region": region})) == []

    @pytest.mark.parametrize(
        "url",
        [
            "https://127.0.0.1/a.png",
            "https://[::1]/a.png",
            "https://localhost/a.png",
            "https://10.0.0.1/a.png",
            "https://169.254.169.254/latest/meta-data",
            "https://[::ffff:127.0.0.1]/a.png",
            "https://2130706433/a.png",
            "https://user:secret@93.184.216.34/a.png",
            "https://93.184.216.34:8443/a.png",
            "http://93.184.216.34/a.png",
            "file:///etc/passwd",
            "https://",
            "nonsense",
        ],
    )
    def test_what_is_not_on_the_public_internet_is_not_fetched(self, client: Client, url: str) -> None:
        answer = client.by_reference({"referenceUrl": url, "assetLength": 1000})
        body = problem(answer, 400, "invalid-request")
        assert "secret" not in json.dumps(body)

    @pytest.mark.parametrize(
        ("failure", "status", "code"),
        [
            (SourceRefused("the URL answers with status 404"), 502, "source-failed"),
            (Unavailable("the host took too long"), 502, "source-failed"),
            (b"<html>", 400, "invalid-request"),
        ],
    )
    def test_a_source_that_fails_is_502(
        self, client: Client, shelf: Shelf, failure: bytes | Exception, status: int, code: str
    ) -> None:
        shelf.files[URL] = failure
        problem(client.by_reference({"referenceUrl": URL, "assetLength": 1000}), status, code)

    def test_an_asset_longer_than_was_said_or_allowed_is_413(self, client: Client, shelf: Shelf) -> None:
        shelf.files[URL] = encoded(scene(3))
        for length in (10, 1 << 40):
            answer = client.by_reference({"referenceUrl": URL, "assetLength": length})
            problem(answer, 413, "too-large")

    @pytest.mark.parametrize(
        "wrong",
        [
            {"assetLength": 0},
            {"assetLength": "many"},
            {"assetLength": None},
            {"assetType": "video/mp4"},
            {"region": "all"},
            {"region": [{"type": "temporal", "time": {"start": "0", "end": "1"}}]},
            {"region": [{"type": "spatial"}]},
            {"region": [{"type": "spatial", "shape": {"kind": "circle", "unit": "pixel"}}]},
            {"region": [{"type": "spatial", "shape": {"kind": "rectangle", "unit": "pixel"}}]},
            {"region": [{"type": "spatial", "shape": {"kind": "rectangle", "unit": "pixel"}}] * 2},
        ],
        ids=str,
    )
    def test_a_wrong_question_is_400(self, client: Client, shelf: Shelf, wrong: dict[str, Any]) -> None:
        shelf.files[URL] = encoded(scene(3))
        body = {"referenceUrl": URL, "assetLength": 1 << 20} | wrong
        problem(client.by_reference(body), 400, "invalid-request")

    def test_strangers_make_nobody_fetch(self, client: Client) -> None:
        body = {"referenceUrl": URL, "assetLength": 1000}
        problem(client.http.post("/v1/matches/byReference", json=body), 401, "unauthenticated")
        weak = client.api.auth("ann", "manifests:write")
        problem(client.http.post("/v1/matches/byReference", json=body, headers=weak), 403, "forbidden")


class TestManifests:
    def test_store_fetch_delete(self, client: Client, sign: Sign) -> None:
        store = sign((TRUSTMARK, b"round trip"))
        id_ = client.stored(store)
        assert re.fullmatch(r"urn:c2pa:[0-9a-f-]{36}", id_)
        assert id_ == ManifestStore.parse(store).active_id
        answer = client.manifest(id_)
        assert (answer.status_code, answer.content) == (200, store)
        assert answer.headers["content-type"] == "application/c2pa"
        assert client.manifest(quote(id_, safe="")).content == store
        assert client.delete(id_).status_code == 204
        assert client.delete(id_).status_code == 204
        problem(client.manifest(id_), 404, "not-found")
        assert client.by_binding(TRUSTMARK, b"round trip") == []

    def test_only_the_active_manifest_is_one_that_c2pa_reads(
        self, client: Client, signer: C2paSigner, sign: Sign
    ) -> None:
        asset = signer.sign(
            encoded(scene(605, width=64, height=64)),
            "image/png",
            ManifestStatement(
                title="t", when=datetime(2026, 3, 1, tzinfo=UTC), generator=Software("Elsewhere", "1.0"),
                digital_source_type=TRAINED_ALGORITHMIC_MEDIA,
            ),
        )  # fmt: skip
        change = ManifestUpdate(title="t", when=datetime(2026, 3, 2, tzinfo=UTC), generator=Software("Elsewhere", "1"))
        updated = signer.update(asset.data, "image/png", replace(change, published=True))
        id_ = client.stored(updated.manifest)
        assert id_ == updated.manifest_id
        whole = client.manifest(id_, returnActiveManifest="false").content
        alone = client.manifest(id_, returnActiveManifest="true").content
        assert asset.manifest_id.encode() in whole
        assert ManifestStore.parse(alone).active_id == id_
        assert len(alone) < len(whole) == len(updated.manifest)
        problem(client.manifest(id_, returnActiveManifest="perhaps"), 400, "invalid-request")

    def test_our_own_manifests_are_fetched_the_same_way(
        self, client: Client, registered: tuple[dict[str, Any], str]
    ) -> None:
        work, id_ = registered
        report = client.api.service.manifest_reader.read(client.api.file(work["id"]), work["media_type"])
        assert client.manifest(id_).content == report.store
        problem(client.delete(id_), 403, "forbidden")

    def test_many_at_once_store_one(self, client: Client, sign: Sign) -> None:
        store = sign((TRUSTMARK, b"at once"))
        with ThreadPoolExecutor(6) as pool:
            answers = list(pool.map(lambda _: client.store(store), range(6)))
        done = [answer for answer in answers if answer.status_code == 200]
        assert done
        assert all(answer.status_code in (200, 429) for answer in answers)
        assert {answer.json()["manifestId"] for answer in done} == {ManifestStore.parse(store).active_id}
        assert len(client.by_binding(TRUSTMARK, b"at once")) == 1

    def test_an_unknown_manifest_is_404(self, client: Client) -> None:
        for id_ in (UNKNOWN, "urn:c2pa:conformance-does-not-exist", "nonsense", "..%2f..%2fetc", "%00", "é"):
            assert client.manifest(id_).status_code == 404, id_
        problem(client.delete(UNKNOWN), 404, "not-found")

    def test_others_do_not_delete(self, client: Client, sign: Sign) -> None:
        store = sign()
        id_ = client.stored(store)
        problem(client.delete(id_, owner="bob"), 404, "not-found")
        assert client.manifest(id_).content == store

    def test_the_same_store_is_taken_twice_and_stays_its_first_owners(self, client: Client, sign: Sign) -> None:
        store = sign()
        id_ = client.stored(store)
        assert client.stored(store, owner="bob") == id_
        problem(client.delete(id_, owner="bob"), 404, "not-found")

    def test_another_store_under_an_id_that_is_taken_is_400(self, client: Client, sign: Sign) -> None:
        first, second = sign(), sign()
        id_ = client.stored(first)
        renamed = second.replace(ManifestStore.parse(second).active_id.encode(), id_.encode())
        problem(client.store(renamed), 400, "invalid-request")
        assert client.manifest(id_).content == first

    @pytest.mark.parametrize(
        "spoil",
        [
            lambda store: b"",
            lambda store: b"softbinding-conformance-fixture",
            lambda store: store[:-1],
            lambda store: store[:100],
            lambda store: store.replace(b"Elsewhere", b"Somewhere"),
            lambda store: store.replace(b"spoil me", b"spoiled!"),
            lambda store: encoded(scene(3)),
        ],
        ids=["empty", "garbage", "cut", "torn", "claim altered", "binding altered", "a picture"],
    )
    def test_what_does_not_hold_is_400(self, client: Client, sign: Sign, spoil: Callable[[bytes], bytes]) -> None:
        store = sign((TRUSTMARK, b"spoil me"))
        problem(client.store(spoil(store)), 400, "invalid-request")
        assert client.by_binding(TRUSTMARK, b"spoil me") == []

    def test_a_store_over_the_limit_is_413_and_another_type_415(self, client: Client) -> None:
        problem(client.store(bytes((16 << 20) + 1)), 413, "too-large")
        for media_type in ("application/octet-stream", "image/png", "multipart/form-data; boundary=x"):
            headers = client.auth() | {"Content-Type": media_type}
            problem(client.http.post("/v1/manifests", content=b"x", headers=headers), 415, "unsupported-format")

    def test_store_routes_want_a_key_with_their_scope(self, client: Client) -> None:
        store = {"content": b"x", "headers": {"Content-Type": "application/c2pa"}}
        binding = {"json": {"bindingValue": "AQID", "manifestId": UNKNOWN}, "headers": {}}
        for method, path, request, scope in (
            ("POST", "/v1/manifests", store, "manifests:write"),
            ("DELETE", f"/v1/manifests/{UNKNOWN}", {"headers": {}}, "manifests:write"),
            ("POST", "/v1/bindings", binding, "bindings:write"),
            ("PUT", "/v1/bindings", binding, "bindings:write"),
        ):
            ask = partial(self._ask, client, method, path, request)
            problem(ask({}), 401, "unauthenticated")
            problem(ask({"Authorization": "Bearer not-a-real-token"}), 401, "unauthenticated")
            weak = client.api.auth("weak", "works:read", "manifests:read")
            assert scope in problem(ask(weak), 403, "forbidden")["detail"]

    @staticmethod
    def _ask(client: Client, method: str, path: str, request: dict[str, Any], auth: dict[str, str]) -> Any:
        return client.http.request(method, path, **(request | {"headers": request["headers"] | auth}))


class TestBindings:
    def test_create_find_update(self, client: Client, sign: Sign) -> None:
        first, second = client.stored(sign()), client.stored(sign())
        value = base64.b64encode(b"create find update").decode()
        assert client.bind("POST", first, value, alg=TRUSTMARK).status_code == 204
        assert ids(client.by_binding(TRUSTMARK, value)) == [first]
        answer = client.bind("PUT", second, value, alg=TRUSTMARK)
        assert (answer.status_code, answer.content) == (204, b"")
        assert ids(client.by_binding(TRUSTMARK, value)) == [second]

    def test_without_an_algorithm_it_is_found_under_any(self, client: Client, sign: Sign) -> None:
        """The published body has no `alg`."""
        id_, value = client.stored(sign()), base64.b64encode(b"any algorithm").decode()
        assert client.bind("POST", id_, value).status_code == 204
        for alg in (TRUSTMARK, "conformance-test"):
            assert ids(client.by_binding(alg, value)) == [id_]

    def test_what_is_not_there_or_not_yours_is_404(self, client: Client, sign: Sign) -> None:
        id_ = client.stored(sign())
        problem(client.bind("POST", UNKNOWN, "AQID"), 404, "not-found")
        problem(client.bind("POST", id_, "AQID", owner="bob"), 404, "not-found")
        problem(client.bind("PUT", id_, base64.b64encode(b"never bound").decode()), 404, "not-found")
        client.delete(id_)
        problem(client.bind("POST", id_, "AQID"), 404, "not-found")

    @pytest.mark.parametrize(
        "wrong",
        [{"bindingValue": ""}, {"bindingValue": "no base64!"}, {"manifestId": ""}, {"alg": ""}, {"alg": MARK}],
        ids=str,
    )
    def test_a_wrong_binding_is_400(self, client: Client, sign: Sign, wrong: dict[str, str]) -> None:
        body = {"bindingValue": "AQID", "manifestId": client.stored(sign())} | wrong
        problem(client.http.post("/v1/bindings", json=body, headers=client.auth()), 400, "invalid-request")

    def test_a_works_watermark_stays_with_the_work(
        self, client: Client, sign: Sign, registered: tuple[dict[str, Any], str]
    ) -> None:
        work, id_ = registered
        thief = client.stored(sign((MARK, mark_of(work))), owner="thief")
        value = base64.b64encode(mark_of(work)).decode()
        assert client.bind("POST", thief, value, owner="thief").status_code == 204  # for every algorithm but ours
        assert ids(client.by_binding(MARK, mark_of(work))) == [id_]
        assert ids(client.by_content(client.api.file(work["id"]), work["media_type"])) == [id_]


class TestReceipts:
    def test_a_receipt_comes_with_the_manifest_is_fetched_and_verified(self, client: Client, sign: Sign) -> None:
        answer = client.store(sign(), returnReceipt="true")
        assert answer.status_code == 200, answer.text
        id_, receipt = answer.json()["manifestId"], answer.json()["receipt"]
        jsonschema_rs.validate(RECEIPT, receipt)
        assert receipt["repository"]["manifestId"] == id_
        fetched = client.http.get(f"/v1/manifests/{id_}/receipts").json()
        jsonschema_rs.validate(RECEIPT, fetched)
        assert fetched["verified"] is True
        checked = client.http.post(f"/v1/manifests/{id_}/receipts", json=receipt)
        assert checked.json() == receipt | {"verified": True}
        assert client.http.get(receipt["anchor"]["uri"]).status_code == 200

    def test_its_proof_is_one_of_the_log_that_anybody_can_check(self, client: Client, sign: Sign) -> None:
        store = sign()
        anchor = client.store(store, returnReceipt="true").json()["receipt"]["anchor"]
        keys = [VerifierKey.parse(line) for line in client.http.get("/log/vkey").text.split()]
        entry = base64.b64decode(anchor["parameters"]["entry"])
        assert anchor["proof"]["alg"] == "c2sp.org/tlog-proof@v1"
        text = base64.b64decode(anchor["proof"]["value"]).decode()
        assert verify_proof(text, entry, Policy.of(keys)).index == anchor["parameters"]["index"]
        assert json.loads(entry)["manifest"] == hashlib.sha256(store).hexdigest()

    def test_what_was_altered_or_belongs_elsewhere_is_not_verified(self, client: Client, sign: Sign) -> None:
        first = client.store(sign(), returnReceipt="true").json()["receipt"]
        second = client.store(sign(), returnReceipt="true").json()["receipt"]
        path = f"/v1/manifests/{second['repository']['manifestId']}/receipts"
        proof = LogProof.parse(base64.b64decode(second["anchor"]["proof"]["value"]))
        moved = base64.b64encode(replace(proof, index=proof.index - 1).text.encode()).decode()
        for altered in (
            first,
            second | {"repository": first["repository"]},
            second | {"anchor": first["anchor"]},
            second | {"anchor": second["anchor"] | {"proof": {"alg": "HMAC-SHA256", "value": "AAAA"}}},
            second | {"anchor": second["anchor"] | {"proof": second["anchor"]["proof"] | {"value": moved}}},
        ):
            answer = client.http.post(path, json=altered)
            assert answer.status_code == 200, answer.text
            assert answer.json()["verified"] is False
            assert answer.json()["error"]

    def test_the_manifest_of_a_work_has_one_too(self, client: Client, registered: tuple[dict[str, Any], str]) -> None:
        work, id_ = registered
        client.api.service.log.publish()
        answer = client.http.get(f"/v1/manifests/{id_}/receipts")
        assert answer.json()["verified"] is True
        entry = base64.b64decode(answer.json()["anchor"]["parameters"]["entry"])
        certificate = client.http.get(f"/v1/works/{work['id']}/certificate").json()
        assert json.loads(entry)["certificate"] == certificate_hash(certificate)
        assert client.manifest(id_).status_code == 200

    @pytest.mark.parametrize("body", [b"", b"{}", b"[]", b'{"@type": "org.c2pa.manifest-receipt"}'])
    def test_what_is_no_receipt_is_400_and_what_is_not_there_404(self, client: Client, sign: Sign, body: bytes) -> None:
        id_ = client.stored(sign())
        headers = {"Content-Type": "application/json"}
        answer = client.http.post(f"/v1/manifests/{id_}/receipts", content=body, headers=headers)
        problem(answer, 400, "invalid-request")
        problem(client.http.get(f"/v1/manifests/{UNKNOWN}/receipts"), 404, "not-found")


def test_a_withdrawn_work_leaves_every_answer(client: Client) -> None:
    data = new_picture()
    work = client.api.register(data)
    id_ = manifest_of(client.api, work)
    file = client.api.file(work["id"])
    assert ids(client.by_content(file, "image/png")) == [id_]
    withdrawn = client.http.delete(f"/v1/works/{work['id']}", headers=client.api.auth())
    assert withdrawn.status_code == 200
    assert client.by_binding(MARK, mark_of(work)) == []
    assert client.by_content(file, "image/png") == []
    assert client.by_content(file, "image/png", alg="io.iscc.v0") == []
    problem(client.manifest(id_), 404, "not-found")
    problem(client.http.get(f"/v1/manifests/{id_}/receipts"), 404, "not-found")
