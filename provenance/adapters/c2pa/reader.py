"""Reading manifests: c2pa-rs validates, we bound what it is given and name what it finds."""

import io
import json
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any, Final

from c2pa import Reader

from provenance.adapters.c2pa.anchors import Anchors
from provenance.adapters.c2pa.native import context, reading
from provenance.core.errors import NotFound, TooLarge, UnsupportedFormat
from provenance.core.manifests import ManifestReport, ManifestState, SourceFile
from provenance.credentials.c2pa import carriers, cose
from provenance.credentials.c2pa.report import TRUSTED, UNTRUSTED, Verdict, report
from provenance.credentials.c2pa.store import ManifestStore

MAX_ASSET_BYTES: Final = 512 << 20
_WHOLE: Final = carriers.CARRIERS - {"image/avif"}  # formats whose store, if there is one, is always found by us


class C2paReader:
    """`anchors` are PEM bundles of the roots whose signers are believed, `time_stamp_anchors` those of authorities.

    Without anchors nobody is trusted, and a good manifest is Valid with the code signingCredential.untrusted.
    """

    def __init__(
        self,
        anchors: Sequence[str] = (),
        time_stamp_anchors: Sequence[str] = (),
        *,
        max_asset_bytes: int = MAX_ASSET_BYTES,
    ) -> None:
        self._anchors = Anchors(anchors, time_stamp_anchors)
        self._max_asset_bytes = max_asset_bytes

    def read(self, asset: bytes, media_type: str, *, manifest: bytes | None = None) -> ManifestReport | None:
        """See `ManifestReader`. A manifest that the file only names by URL counts as none: nothing is fetched."""
        if len(asset) > self._max_asset_bytes:
            raise TooLarge(f"the file has more than {self._max_asset_bytes} bytes")
        store = _store(asset, media_type) if manifest is None else manifest
        if store is None and manifest is None and media_type in _WHOLE:
            return None
        parsed = ManifestStore.parse(store) if store is not None else None
        try:
            found = self._validated(asset, media_type, manifest, store)
        except NotFound:
            return None
        return self._distrusted(found, parsed) if parsed is not None else found

    def recorded(self, source: SourceFile) -> dict[str, Any]:
        """What a manifest says about an ingredient whose store lies beside its file: the validation as it is now.

        Raises NotFound, MalformedManifest.
        """
        body = io.BytesIO(source.data)
        with reading(), Reader(source.media_type, body, source.manifest, context=context(self._anchors.all)) as reader:
            return {
                "format": source.media_type,
                "active_manifest": json.loads(reader.json()).get("active_manifest"),
                "validation_results": reader.get_validation_results(),
            }

    def _validated(self, asset: bytes, media_type: str, manifest: bytes | None, store: bytes | None) -> ManifestReport:
        # Where the certificates are out of our sight, roots of time-stamps could vouch for claims: they are left out.
        anchors = self._anchors.all if store is not None else self._anchors.claims
        with reading(), Reader(media_type, io.BytesIO(asset), manifest, context=context(anchors)) as reader:
            active_id = json.loads(reader.json()).get("active_manifest") or ""
            state = ManifestState(reader.get_validation_state())
            return report(json.loads(reader.crjson()), Verdict(active_id, state, reader.is_embedded()), store)

    def _distrusted(self, found: ManifestReport, store: ManifestStore) -> ManifestReport:
        """The same, and only Valid, when it is a time-stamping root that the signer hangs on."""
        if found.state is not ManifestState.TRUSTED or not self._anchors.apart:
            return found
        if self._anchors.vouch_for(cose.Sign1.parse(store.bytes_of(store.signature)).chain):
            return found
        return replace(
            found,
            state=ManifestState.VALID,
            success=tuple(code for code in found.success if code != TRUSTED),
            failure=(*found.failure, UNTRUSTED),
        )


def _store(asset: bytes, media_type: str) -> bytes | None:
    """None also where only c2pa-rs knows where the format keeps it."""
    if media_type not in carriers.CARRIERS:
        return None
    with suppress(UnsupportedFormat):
        return carriers.extract(asset, media_type)
    return None
