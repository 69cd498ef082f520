"""What a manifest costs: bytes added to a file, and CPU time to sign, read and fingerprint it. JSON or a table.

    python -m scripts.bench.content_credentials --side 1024 --rounds 20

The picture is drawn from a seed. The manifest holds two actions, two soft bindings, a model and a usage policy; it is
signed with ES256 by a certificate of two levels, with a time-stamp and an OCSP response of keys on this machine. Times
are CPU milliseconds of this process, medians.
"""

import argparse
import io
import json
import platform
import statistics
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import numpy as np
from PIL import Image

from provenance.adapters.c2pa import C2paReader, C2paSigner
from provenance.core.manifests import ManifestStatement, ManifestUpdate, Model, Software
from provenance.credentials.c2pa import iscc
from provenance.credentials.vocabulary import TRAINED_ALGORITHMIC_MEDIA
from tests.unit.adapters.c2pa.authority import Authority

FORMATS = ("PNG", "JPEG", "WEBP", "TIFF", "GIF", "AVIF")
NOW = datetime(2026, 11, 21, tzinfo=UTC)


def median_ms(work: Callable[[], object], rounds: int) -> float:
    work()
    times = []
    for _ in range(rounds):
        start = time.process_time_ns()
        work()
        times.append((time.process_time_ns() - start) / 1e6)
    return round(statistics.median(times), 1)


def picture(side: int, form: str) -> tuple[np.ndarray[Any, np.dtype[np.uint8]], bytes]:
    """A smooth scene with grain, and its file."""
    rng = np.random.default_rng(1)
    coarse = Image.fromarray(rng.integers(0, 256, (9, 9, 3), dtype=np.uint8)).resize(
        (side, side), Image.Resampling.BICUBIC
    )
    pixels = np.clip(np.asarray(coarse).astype(int) + rng.integers(-6, 7, (side, side, 3)), 0, 255).astype(np.uint8)
    body = io.BytesIO()
    Image.fromarray(pixels).save(body, form)
    return pixels, body.getvalue()


def statement(pixels: Any, asset: bytes) -> ManifestStatement:
    usage = {f"cawg.{use}": {"use": "notAllowed"} for use in ("data_mining", "ai_training", "ai_generative_training")}
    return ManifestStatement(
        title="Sunset no. 7",
        when=NOW,
        generator=Software("Provenance", "1.0"),
        digital_source_type=TRAINED_ALGORITHMIC_MEDIA,
        soft_bindings=(iscc.units(pixels, asset).binding,),
        model=Model("A model", "1"),
        usage=usage,
    )


def measure(side: int, rounds: int) -> dict[str, dict[str, float]]:
    authority = Authority()
    roots = [authority.root.pem]
    signer = C2paSigner(authority.claims, timestamper=authority.stamps, revocation=authority.responder, anchors=roots)
    reader = C2paReader(roots, [authority.stamp_root.pem])
    update = ManifestUpdate("Sunset no. 7", NOW, Software("Provenance"), published=True)
    results = {}
    for form in FORMATS:
        kind = f"image/{form.lower()}"
        pixels, asset = picture(side, form)
        said = statement(pixels, asset)
        signed = signer.sign(asset, kind, said)
        results[form] = {
            "file": len(asset),
            "added": len(signed.data) - len(asset),
            "added with thumbnail": len(signer.sign(asset, kind, replace(said, thumbnail_edge=256)).data) - len(asset),
            "store after update": len(signer.update(signed.data, kind, update).manifest),
            "sign": median_ms(lambda a=asset, k=kind, s=said: signer.sign(a, k, s), rounds),
            "read": median_ms(lambda d=signed.data, k=kind: reader.read(d, k), rounds),
            "ISCC": median_ms(lambda p=pixels, a=asset: iscc.units(p, a), rounds),
        }
    return results


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--side", type=int, default=1024)
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    results = measure(options.side, options.rounds)
    machine = {"machine": platform.machine(), "python": platform.python_version(), "seed": 1, **vars(options)}
    if options.json:
        print(json.dumps({**machine, "results": results}, indent=1))
        return
    print(f"{options.side} px, {machine['machine']}, Python {machine['python']}, seed 1, {options.rounds} rounds")
    columns = list(next(iter(results.values())))
    print("| format | " + " | ".join(columns) + " |\n|---|" + "---|" * len(columns))
    for form, row in results.items():
        print(f"| {form} | " + " | ".join(f"{value:,}" for value in row.values()) + " |")


if __name__ == "__main__":
    main()
