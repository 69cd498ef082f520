"""Write tests/golden/watermark: what the scheme's specification fixes, for two keys, and two marked files.

python -m scripts.golden.watermark

Vectors of a released version never change. A new version of the scheme has a new name and vectors of its own.
"""

import hashlib
import json
from pathlib import Path
from typing import Any, Final

import numpy as np
from PIL import Image

from provenance.watermark import ALG, LatticeWatermarker
from provenance.watermark.code import TaggedCode
from provenance.watermark.keystream import key_id
from provenance.watermark.layout import layout_of

ROOT: Final = Path(__file__).parents[2]
FOLDER: Final = ROOT / "tests" / "golden" / "watermark"
KEYS: Final = (bytes(range(32)), b"sixteen byte key")
PAYLOADS: Final = (0, 0x0123_4567_89AB_CDEF, 2**64 - 1)
PICTURE: Final = ROOT / "tests" / "data" / "pictures" / "ai-car.jpg"
SIDE: Final = 440
DEGREES: Final = 17


def vectors() -> dict[str, Any]:
    """The content of vectors.json."""
    return {"alg": ALG, "keys": [vector(key) for key in KEYS]}


def vector(key: bytes) -> dict[str, Any]:
    """What one key fixes; long arrays as digests."""
    layout, code = layout_of(key), TaggedCode(key)
    return {
        "key": key.hex(),
        "key_id": key_id(key),
        "sync_points": layout.sync.tolist(),
        "message_points": len(layout.message),
        "message_sha256": digest(layout.message, "<i2"),
        "bits_sha256": digest(layout.bit_of_dimension, "<i2"),
        "signs_sha256": digest(layout.sign_of_dimension, "i1"),
        "sync_phases": [round(float(phase), 9) for phase in np.angle(layout.sync_symbols)],
        "codewords": {f"{payload:016x}": np.packbits(code.encode(payload)).tobytes().hex() for payload in PAYLOADS},
    }


def digest(values: np.ndarray, dtype: str) -> str:
    """sha256 hex of the array's bytes in that type."""
    return hashlib.sha256(values.astype(dtype).tobytes()).hexdigest()


def main() -> None:
    (FOLDER / "vectors.json").write_text(json.dumps(vectors(), indent=1) + "\n")
    picture = Image.open(PICTURE).convert("RGB").resize((SIDE, SIDE), Image.Resampling.LANCZOS)
    marked = Image.fromarray(LatticeWatermarker(KEYS[0]).embed(np.asarray(picture), PAYLOADS[1]))
    marked.save(FOLDER / "marked.jpg", quality=85)
    marked.rotate(DEGREES, Image.Resampling.BICUBIC).save(FOLDER / "marked-rotated.jpg", quality=80)


if __name__ == "__main__":
    main()
