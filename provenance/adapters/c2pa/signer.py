"""Writing manifests: c2pa-rs builds and hashes, `credentials.c2pa` seals, and what leaves here was read back first."""

import io
import logging
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Final, TypeVar

from c2pa import Builder, C2paBuilderIntent, C2paError, C2paSigningAlg, Context, Signer
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from provenance.adapters.c2pa.native import context, writing
from provenance.adapters.c2pa.reader import C2paReader
from provenance.core.errors import InvalidRequest, Misconfigured, NotFound, ProvenanceError, Unavailable
from provenance.core.manifests import ManifestState, ManifestStatement, ManifestUpdate, SignedAsset, SourceFile
from provenance.core.ports import ClaimSigner, RevocationSource, Timestamper
from provenance.credentials.c2pa import carriers, cose, definition
from provenance.credentials.c2pa.definition import Definition
from provenance.credentials.c2pa.reseal import OpenSeal, signature_imprint
from provenance.credentials.c2pa.store import MEDIA_TYPE, ManifestStore

_Part = TypeVar("_Part")
_log = logging.getLogger(__name__)

_ALGORITHMS: Final = {
    "ES256": C2paSigningAlg.ES256,
    "ES384": C2paSigningAlg.ES384,
    "ES512": C2paSigningAlg.ES512,
    "PS256": C2paSigningAlg.PS256,
    "PS384": C2paSigningAlg.PS384,
    "PS512": C2paSigningAlg.PS512,
    "Ed25519": C2paSigningAlg.ED25519,
}
# Formats whose hash does not cover where the store ends: it may grow. RIFF and TIFF write sizes and offsets that are
# hashed, and an updated BMFF keeps two stores; their updates lie beside the file.
_GROWING: Final = frozenset(("image/gif", "image/jpeg", "image/png"))


class C2paSigner:
    """Without `timestamper` or `revocation` manifests have no time-stamp or OCSP response; when one of them does not
    answer, the file is signed all the same, and an update can add the time-stamp. `anchors` (PEM bundles) decide
    what is recorded about ingredients that arrive signed.

    Each file costs two signatures of the claim signer: see `credentials.c2pa.reseal`. Raises Misconfigured.
    """

    def __init__(
        self,
        claims: ClaimSigner,
        *,
        timestamper: Timestamper | None = None,
        revocation: RevocationSource | None = None,
        anchors: Sequence[str] = (),
    ) -> None:
        self._claims = claims
        self._timestamper = timestamper
        self._revocation = revocation
        self._anchors = tuple(anchors)
        self._reader = C2paReader(anchors)
        self._identity()

    def sign(self, asset: bytes, media_type: str, statement: ManifestStatement) -> SignedAsset:
        """See `ManifestSigner`. A file that holds a manifest already is signed only with its parent in the statement.

        Also raises MalformedManifest for what a parent or component holds.
        """
        if statement.parent is None and self._held(asset, media_type) is not None:
            raise InvalidRequest("the file holds a manifest already, which would be lost", hint="name it as the parent")
        planned = self._with_stores(definition.standard(statement))
        embed = statement.embed and media_type in carriers.CARRIERS
        with writing(), Builder(planned.manifest, context=self._context(statement.thumbnail_edge)) as builder:
            asset, store = self._build(builder, planned, asset, media_type, embed=embed)
        return self._seal(asset, store, media_type, planned, embed=embed)

    def update(
        self, asset: bytes, media_type: str, change: ManifestUpdate, *, manifest: bytes | None = None
    ) -> SignedAsset:
        """See `ManifestSigner`. Where a format's store can't grow, the file stays and the store lies beside."""
        found = self._reader.store(asset, media_type, manifest)
        if found is None:
            raise NotFound("there is no manifest to update in this file")
        store = found.data
        stamp = self._late_stamp(store) if change.time_stamp else None
        embed = manifest is None and media_type in _GROWING
        source = SourceFile(asset, media_type, change.title, store)
        parent = {"title": change.title, "relationship": "parentOf", "label": definition.PARENT}
        planned = self._with_stores(replace(definition.update(change, stamp), files=((parent, source),)))
        with writing(), Builder(planned.manifest, context=self._context(None)) as builder:
            builder.set_intent(C2paBuilderIntent.UPDATE)
            asset, store = self._build(builder, planned, asset, media_type, embed=embed)
        return self._seal(asset, store, media_type, planned, embed=embed)

    def _context(self, thumbnail_edge: int | None) -> Context:
        return context(self._anchors, thumbnail_edge=thumbnail_edge)

    def _with_stores(self, planned: Definition) -> Definition:
        """Ingredients that are files become part of the JSON: with their store, and what a reader says of it now.

        c2pa-rs could look into the files itself. It is given the store that was checked instead, so that what it
        reads and what was checked are the same; a file without one is named only.
        """
        manifest, resources = dict(planned.manifest), dict(planned.resources)
        manifest["ingredients"] = list(manifest.get("ingredients", ()))
        for ingredient, source in planned.files:
            described = ingredient | {"format": source.media_type}
            store = self._held(source.data, source.media_type, source.manifest)
            if store is not None:
                name = f"{ingredient['label']}.c2pa"
                described |= self._reader.recorded(source.data, source.media_type, store)
                described["manifest_data"] = {"format": MEDIA_TYPE, "identifier": name}
                resources[name] = store.data
            manifest["ingredients"].append(described)
        return replace(planned, manifest=manifest, resources=resources, files=())

    def _held(self, asset: bytes, media_type: str, manifest: bytes | None = None) -> ManifestStore | None:
        """None also for files that we could not take a store out of."""
        if manifest is None and media_type not in carriers.CARRIERS:
            return None
        return self._reader.store(asset, media_type, manifest)

    def _identity(self) -> tuple[C2paSigningAlg, str]:
        """(algorithm, certificates in PEM), asked for each time: a certificate authority renews them."""
        if self._claims.alg not in _ALGORITHMS:
            raise Misconfigured(f"C2PA knows no signature algorithm {self._claims.alg!r}")
        return _ALGORITHMS[self._claims.alg], "".join(map(_pem, self._claims.chain))

    def _build(
        self, builder: Builder, planned: Definition, asset: bytes, media_type: str, *, embed: bool
    ) -> tuple[bytes, bytes]:
        """(file, store), with text where bytes belong. Not embedded: the file as it came."""
        for name, data in planned.resources.items():
            builder.add_resource(name, io.BytesIO(data))
        if not embed:
            builder.set_no_embed()
        written = io.BytesIO()
        key = _Key(self._claims)
        try:
            with Signer.from_callback(key, *self._identity()) as signer:
                store = builder.sign(signer, media_type, io.BytesIO(asset), written)
        except C2paError:
            if key.error is not None:
                raise key.error from None
            raise
        return (written.getvalue() if embed else asset), store

    def _seal(self, asset: bytes, store: bytes, media_type: str, planned: Definition, *, embed: bool) -> SignedAsset:
        seal = OpenSeal(store, planned.substitutions)
        signature = self._claims.sign(seal.to_be_signed)
        # In this order: that the certificate was good is to be known by the time that is stamped.
        ocsp = self._asked("OCSP response", self._revocation, lambda part: part.staple())
        token = self._asked("time-stamp", self._timestamper, lambda part: part.timestamp(seal.imprint(signature)))
        sealed, stamped, stapled = _closed(seal, signature, token, ocsp)
        signed = carriers.replace(asset, media_type, sealed) if embed else asset
        self._read_back(signed, media_type, None if embed else sealed)
        return SignedAsset(signed, media_type, sealed, seal.manifest_id, embed, stamped, stapled)

    def _read_back(self, asset: bytes, media_type: str, manifest: bytes | None) -> None:
        """Nothing leaves unread: c2pa-rs checks what it wrote itself, but not every update, and not our seal."""
        found = self._reader.read(asset, media_type, manifest=manifest)
        if found is None or found.state is ManifestState.INVALID:
            codes = ", ".join(found.failure) if found is not None else "no manifest"
            raise Misconfigured(
                f"the manifest that was just signed does not hold: {codes}",
                hint="look at the certificate's validity and the machine's clock",
            )

    def _late_stamp(self, store: bytes) -> tuple[str, bytes]:
        if self._timestamper is None:
            raise Unavailable("there is no time-stamping authority to ask")
        manifest_id, imprint = signature_imprint(store)
        return manifest_id, self._timestamper.timestamp(imprint)

    def _asked(self, what: str, part: _Part | None, ask: Callable[[_Part], bytes | None]) -> bytes | None:
        """The file is worth more than what is missing: an update brings it later."""
        if part is None:
            return None
        try:
            return ask(part)
        except Unavailable as error:
            _log.warning("signed without %s: %s", what, error)
            return None


class _Key:
    """The claim signer as c2pa-python calls it. It swallows exceptions; `error` keeps ours."""

    def __init__(self, claims: ClaimSigner) -> None:
        self._claims = claims
        self.error: ProvenanceError | None = None

    def __call__(self, body: bytes) -> bytes:
        try:
            return self._claims.sign(body)
        except ProvenanceError as error:
            self.error = error
            return b""


def _closed(seal: OpenSeal, signature: bytes, token: bytes | None, ocsp: bytes | None) -> tuple[bytes, bool, bool]:
    """(store, time-stamped, stapled). c2pa-rs reserves 10,000 bytes. A time-stamp can follow later: it goes first."""
    for stamp, staple in ((token, ocsp), (None, ocsp)):
        try:
            return seal.close(signature, token=stamp, ocsp=staple), stamp is not None, staple is not None
        except cose.DoesNotFit as error:
            _log.warning("too large a time-stamp or OCSP response: %s", error)
    return seal.close(signature), False, False


def _pem(certificate: bytes) -> str:
    try:
        return x509.load_der_x509_certificate(certificate).public_bytes(Encoding.PEM).decode()
    except ValueError as error:
        raise Misconfigured("a certificate of the C2PA signer can't be read") from error
