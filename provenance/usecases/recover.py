"""What a service answers to strangers about what it issued: its keys, its log, its lists, and the credentials of a
picture that lost them (C2PA 2.4, Soft Binding Resolution API).

Nothing that comes back is believed for where it came from: certificates, manifests, lists and proofs are verified like
those that were found elsewhere. Only keys are, where the verifier names none.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import quote, urljoin, urlsplit

from pydantic_core import from_json  # bounds the nesting whatever the interpreter's own limit

from provenance.core.errors import InvalidRequest, Misconfigured, NotFound, SourceRefused, Unavailable
from provenance.core.manifests import ManifestReport
from provenance.core.ports import Fetcher
from provenance.core.types import WorkId
from provenance.credentials import TrustedKeys, pinned_did_document
from provenance.credentials.tlog import Policy
from provenance.usecases.bindings import PAYLOAD_BYTES, marked_work

Post = Callable[[str, bytes, str], tuple[int, bytes]]
"""(url, body, media type) to (status, body). Raises Unavailable."""

_OUR_MARK: Final = "art.provenance."
_MAX_ANSWER: Final = 1 << 20
_MAX_ID: Final = 400


@dataclass(frozen=True, slots=True)
class Recovered:
    """A manifest store that the service found for a picture. `score` is 0 to 100, None where it gave none."""

    manifest_id: str
    score: int | None
    store: bytes = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoteService:
    """A service by its address. Everything raises InvalidRequest for a forbidden address, Unavailable."""

    url: str
    fetcher: Fetcher
    post: Post

    def keyring(self) -> TrustedKeys:
        """The keys of its DID document. Raises Misconfigured where it publishes none."""
        return pinned_did_document(self._get("/.well-known/did.json"))

    def anchors(self) -> str:
        """PEM: the root of its content credentials; empty where it has none."""
        found = self._find("/ca/root.pem")
        return "" if found is None else _text(found)

    def policy(self) -> Policy | None:
        """Its log's keys and witnesses, as it suggests them; None where it has no log."""
        found = self._find("/log/policy")
        return None if found is None else Policy.parse(_text(found))

    def status_lists(self, certificate: Mapping[str, Any]) -> list[bytes]:
        """Those that a verified certificate names, as far as this service publishes them."""
        urls = dict.fromkeys(entry["statusListCredential"] for entry in certificate.get("credentialStatus", ()))
        return [self.fetcher.fetch(url) for url in urls if self._is_here(url)]

    def log_proof(self, work_id: WorkId) -> str | None:
        """The proof that the work's certificate was logged; None while there is none."""
        found = self._find(f"/v1/works/{work_id}/log-proof")
        return None if found is None else _text(found)

    def certificate(self, work_id: WorkId) -> bytes | None:
        """The work's certificate, in its bundle."""
        return self._find(f"/v1/works/{work_id}/certificate?receipts=true")

    def recover(self, data: bytes, media_type: str) -> Recovered:
        """The best match for a picture. Raises NotFound."""
        endpoint = self._endpoint()
        status, body = self.post(f"{endpoint}/matches/byContent", data, media_type)
        if status != 200:
            raise Unavailable(f"{self.url} refuses to look for the picture: status {status}")
        best = _best(body)
        if best is None:
            raise NotFound(
                f"{self.url} knows no content credentials of this picture", hint="another service may know them"
            )
        manifest_id, score = best
        try:
            store = self.fetcher.fetch(f"{endpoint}/manifests/{quote(manifest_id, safe=':')}")
        except SourceRefused as error:
            raise NotFound(f"{self.url} names {manifest_id}, but does not hand it out") from error
        return Recovered(manifest_id, score, store)

    def _endpoint(self) -> str:
        """Where its Soft Binding Resolution API is: on the host that was named, and nowhere else."""
        found = self._find("/.well-known/c2pa-soft-binding-resolution")
        said = _json(found).get("apiEndpoint") if found is not None else None
        if not isinstance(said, str):
            raise NotFound(f"{self.url} offers no Soft Binding Resolution API")
        endpoint = urljoin(self.url, said).rstrip("/")
        if not self._is_here(endpoint):
            raise InvalidRequest(
                f"{self.url} sends elsewhere to look for pictures", hint=f"name {endpoint[:200]} yourself to ask there"
            )
        return endpoint

    def _is_here(self, url: str) -> bool:
        asked, here = urlsplit(url), urlsplit(self.url)
        return (asked.scheme, asked.netloc) == (here.scheme, here.netloc)

    def _get(self, path: str) -> bytes:
        return self.fetcher.fetch(self.url.rstrip("/") + path)

    def _find(self, path: str) -> bytes | None:
        try:
            return self._get(path)
        except SourceRefused:
            return None


def work_of(report: ManifestReport) -> WorkId | None:
    """The work that a manifest of a service like this one speaks of: what its watermark binding names."""
    for binding in report.soft_bindings:
        if binding.alg.startswith(_OUR_MARK) and len(binding.value) == PAYLOAD_BYTES:
            return marked_work(binding.value)
    return None


def _best(body: bytes) -> tuple[str, int | None] | None:
    matches = _json(body[:_MAX_ANSWER]).get("matches")
    first = matches[0] if isinstance(matches, list) and matches else None
    if first is None:
        return None
    manifest_id = first.get("manifestId") if isinstance(first, dict) else None
    if not isinstance(manifest_id, str) or not 0 < len(manifest_id) <= _MAX_ID:
        raise Unavailable("the service's answer is not in the form that C2PA gives it")
    score = first.get("similarityScore")
    return manifest_id, score if type(score) is int and 0 <= score <= 100 else None


def _json(data: bytes) -> Mapping[str, Any]:
    try:
        document = from_json(data)
    except ValueError as error:
        raise Unavailable("the service's answer is not JSON") from error
    return document if isinstance(document, dict) else {}


def _text(data: bytes) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError:
        raise Misconfigured("what the service published is no text") from None
