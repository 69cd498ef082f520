"""Reading manifests: c2pa-rs validates, we bound what it is given and name what it finds."""

import io
import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final

from c2pa import Reader

from provenance.adapters.c2pa.anchors import Anchors
from provenance.adapters.c2pa.native import context, reading
from provenance.core.errors import TooLarge
from provenance.core.manifests import ManifestReport, ManifestState
from provenance.credentials.c2pa import carriers, cose
from provenance.credentials.c2pa.report import TRUSTED, UNTRUSTED, Verdict, report
from provenance.credentials.c2pa.store import ManifestStore

MAX_ASSET_BYTES: Final = 512 << 20


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
        """See `ManifestReader`. A manifest that the file only names by URL counts as none: nothing is fetched.

        A store inside the file is read from the formats of `carriers.CARRIERS`, one that lies beside it for any file.
        """
        store = self.store(asset, media_type, manifest)
        if store is None:
            return None
        with reading(), self._opened(asset, media_type, store) as reader:
            verdict = Verdict(store.active_id, ManifestState(reader.get_validation_state()), manifest is None)
            found = report(json.loads(reader.crjson()), verdict, store.data)
        return self._distrusted(found, store)

    def store(self, asset: bytes, media_type: str, manifest: bytes | None = None) -> ManifestStore | None:
        """The checked store in the file, or `manifest` beside it; None when there is none that we could find.

        Raises MalformedManifest, TooLarge, UnsupportedFormat.
        """
        if len(asset) > self._max_asset_bytes:
            raise TooLarge(f"the file has more than {self._max_asset_bytes} bytes")
        store = carriers.extract(asset, media_type) if manifest is None else manifest
        return ManifestStore.parse(store) if store is not None else None

    def recorded(self, asset: bytes, media_type: str, store: ManifestStore) -> dict[str, Any]:
        """What a new manifest says about a file that becomes its ingredient: the validation as it is now.

        Raises MalformedManifest, UnsupportedFormat.
        """
        with reading(), self._opened(asset, media_type, store) as reader:
            return {"active_manifest": store.active_id, "validation_results": reader.get_validation_results()}

    def _opened(self, asset: bytes, media_type: str, store: ManifestStore) -> Reader:
        """c2pa-rs sees the store that was checked, never one that it finds in the file by itself."""
        return Reader(media_type, io.BytesIO(asset), store.data, context=context(self._anchors.all))

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
