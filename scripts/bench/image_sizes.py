"""How much larger is a marked file, and is the mark in it?

`python -m scripts.bench.image_sizes --corpus FOLDER --pictures 24` makes a file of every kind from each picture (the
test split, `--side` px, seed 0), reads it, and writes it twice: with the pixels as they are, and marked. It prints the
sizes of both over the source's, the marked one's over the plain one's, and in how many of all frames of the marked file
the mark is read by the normal reader. A second table compares ways to give a marked frame its 255 colours: how often
the mark is read, also after the frame was saved as JPEG of quality 50, how far the frame is from the owner's, and its
size as GIF over that of the owner's frame. JSON comes last.
"""

import argparse
import json
import platform
import sys
from collections.abc import Callable, Iterator, Sequence
from io import BytesIO
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from provenance.adapters.images import PillowImages, deep
from provenance.core.errors import CannotHoldMark
from provenance.usecases.mark import MarkFrames
from provenance.watermark import LatticeWatermarker
from scripts.models.copies import DEFAULT_CORPUS, list_corpus

Pixels = NDArray[np.uint8]

KEY: Final = b"a key for measuring file sizes"
PAYLOAD: Final = 0x0123456789ABCDEF
FRAMES: Final = 5
_LEAST: Final = 256  # px, of a frame's shorter side
_QUANTISERS: Final = {
    f"{name}, {dithered}": (method, dither)
    for name, method in (("median cut", Image.Quantize.MEDIANCUT), ("octree", Image.Quantize.FASTOCTREE))
    for dithered, dither in (("plain", Image.Dither.NONE), ("dithered", Image.Dither.FLOYDSTEINBERG))
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--corpus", type=Path, default=DEFAULT_CORPUS)
    parser.add_argument("--pictures", type=int, default=24)
    parser.add_argument("--side", type=int, default=640)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--kinds", nargs="*", default=list(KINDS), help="a part of the first table, and no second one")
    options = parser.parse_args()
    names = list_corpus(options.corpus, test=True)
    if not names:
        parser.error(f"there are no pictures in {options.corpus}")
    chosen = np.random.default_rng(options.seed).permutation(len(names))[: options.pictures]
    pictures = [read(options.corpus / names[row], options.side) for row in chosen]
    sizes = {kind: measured(kind, pictures) for kind in options.kinds}
    _print(sizes)
    asked = _QUANTISERS if options.kinds == list(KINDS) else {}
    palettes = {name: quantised(pictures, *how) for name, how in asked.items()}
    _print(palettes)
    machine = f"{platform.machine()}, Python {platform.python_version()}"
    settings = {"pictures": len(pictures), "side": options.side, "seed": options.seed, "machine": machine}
    print(json.dumps({"sizes": sizes, "palettes": palettes, "settings": settings}))


def measured(kind: str, pictures: Sequence[Pixels]) -> dict[str, float]:
    """Ratios of sizes, mean and largest, and the share of frames that carry the mark."""
    rows, found, frames = [], 0, 0
    for pixels in pictures:
        try:
            source, plain, new, marks = _written(KINDS[kind](pixels))
        except CannotHoldMark:
            continue
        rows.append((plain / source, new / source, new / plain))
        found, frames = found + sum(marks), frames + len(marks)
    if not rows:
        return dict.fromkeys(("files", "plain/source", "marked/source", "marked/plain", "largest", "read"), 0)
    ratios = np.array(rows)
    return {
        "files": len(rows),
        "plain/source": round(float(ratios[:, 0].mean()), 3),
        "marked/source": round(float(ratios[:, 1].mean()), 3),
        "marked/plain": round(float(ratios[:, 2].mean()), 3),
        "largest": round(float(ratios[:, 2].max()), 3),
        "read": round(found / frames, 4),
    }


def _written(data: bytes) -> tuple[int, int, int, list[bool]]:
    """(bytes of the source, written plain, written marked; whether each frame carries the mark)."""
    picture = _IMAGES.read(data)
    plain, _ = _IMAGES.write_frames(picture, (frame.pixels for frame in _IMAGES.frames(picture)))
    new, _ = MarkFrames(images=_IMAGES, watermarker=_MARKER)(picture, PAYLOAD)
    return len(data), len(plain), len(new), [carries(f.pixels) for f in _IMAGES.frames(_IMAGES.read(new))]


def quantised(pictures: Sequence[Pixels], method: Image.Quantize, dither: Image.Dither) -> dict[str, float]:
    """One way to give a marked frame its colours, over all pictures that hold the mark with 256 colours."""
    rows = []
    for pixels in pictures:
        owners = opened(saved(pixels, "GIF"))
        try:
            new = Image.fromarray(marked(owners))
        except CannotHoldMark:
            continue
        table = new.quantize(255, method=method, dither=Image.Dither.NONE)
        indexed = new.quantize(palette=table, dither=dither)
        shown = np.asarray(indexed.convert("RGB"))
        error = float(np.mean((shown.astype(np.float64) - owners) ** 2))
        attacked = opened(saved(shown, "JPEG", quality=50))
        ratio = len(saved(indexed, "GIF")) / len(saved(pixels, "GIF"))
        rows.append((carries(shown), carries(attacked), 10 * np.log10(255**2 / error), ratio))
    means = np.array(rows, np.float64).mean(axis=0)
    return dict(zip(("read", "read after JPEG 50", "PSNR", "size"), (round(float(m), 3) for m in means), strict=True))


def marked(pixels: Pixels) -> Pixels:
    """Raises CannotHoldMark."""
    return _MARKER.embed(pixels, PAYLOAD)


def carries(pixels: Pixels) -> bool:
    """Whether the mark is read from uint8[H, W, 3]."""
    found = _MARKER.detect(pixels)
    return found is not None and found.payload == PAYLOAD


def _print(table: dict[str, dict[str, float]]) -> None:
    heads = list(next(iter(table.values()), ()))
    print(f"{'':24}" + "".join(f"{head:>20}" for head in heads))
    for name, row in table.items():
        print(f"{name:24}" + "".join(f"{row[head]:>20g}" for head in heads))
    sys.stdout.flush()


# ---- files


def read(path: Path, side: int) -> Pixels:
    """uint8[H, W, 3], the longer side `side` pixels, or more where the shorter would be too short to hold a mark."""
    with Image.open(path) as image:
        image = image.convert("RGB")
    scale = max(side / max(image.size), _LEAST / min(image.size))
    return np.asarray(image.resize((round(image.width * scale), round(image.height * scale)), Image.Resampling.LANCZOS))


def saved(pixels: Pixels | Image.Image, name: str, **options: Any) -> bytes:
    """A file by Pillow; a GIF of 256 colours."""
    image = pixels if isinstance(pixels, Image.Image) else Image.fromarray(pixels)
    if name == "GIF" and image.mode != "P":
        image = image.quantize(256)
    buffer = BytesIO()
    image.save(buffer, name, **options)
    return buffer.getvalue()


def opened(data: bytes) -> Pixels:
    """uint8[H, W, 3] as Pillow shows it."""
    with Image.open(BytesIO(data)) as image:
        return np.asarray(image.convert("RGB"))


def _grey(pixels: Pixels) -> Image.Image:
    return Image.fromarray(pixels).convert("L")


def _deep(pixels: Pixels) -> NDArray[np.uint16]:
    """With noise under the eighth bit, as cameras and renderers leave it."""
    noise = np.random.default_rng(0).integers(-100, 101, pixels.shape)
    return np.clip(pixels.astype(np.int32) * 257 + noise, 0, 65535).astype(np.uint16)


def _camera(pixels: Pixels) -> Iterator[Pixels]:
    """A camera that moves over the picture: every pixel changes."""
    height, width = (side - side // 5 for side in pixels.shape[:2])
    for number in range(FRAMES):
        top = number * (pixels.shape[0] - height) // (FRAMES - 1)
        left = number * (pixels.shape[1] - width) // (FRAMES - 1)
        yield pixels[top : top + height, left : left + width]


def _sprite(pixels: Pixels) -> Iterator[Pixels]:
    """A part of the picture that walks over it: most stands still."""
    size = min(pixels.shape[:2]) // 3
    for number in range(FRAMES):
        frame = pixels.copy()
        left = number * (pixels.shape[1] - size) // (FRAMES - 1)
        frame[size : 2 * size, left : left + size] = pixels[:size, :size]
        yield frame


def _animated(frames: Iterator[Pixels], name: str, **options: Any) -> bytes:
    images = [Image.fromarray(frame) for frame in frames]
    if name == "GIF":
        table = images[0].quantize(256)
        images = [image.quantize(palette=table, dither=Image.Dither.NONE) for image in images]
    buffer = BytesIO()
    images[0].save(buffer, name, save_all=True, append_images=images[1:], duration=80, loop=0, **options)
    return buffer.getvalue()


KINDS: Final[dict[str, Callable[[Pixels], bytes]]] = {
    "JPEG 75, 4:2:0": lambda p: saved(p, "JPEG", quality=75, subsampling="4:2:0", optimize=True),
    "JPEG 90, 4:2:0": lambda p: saved(p, "JPEG", quality=90, subsampling="4:2:0", optimize=True),
    "JPEG 95, 4:4:4": lambda p: saved(p, "JPEG", quality=95, subsampling="4:4:4", optimize=True),
    "JPEG 90, grey": lambda p: saved(_grey(p), "JPEG", quality=90, optimize=True),
    "PNG": lambda p: saved(p, "PNG"),
    "PNG, grey": lambda p: saved(_grey(p), "PNG"),
    "PNG, palette": lambda p: saved(Image.fromarray(p).quantize(256), "PNG"),
    "PNG, 16 bits": lambda p: deep.png_file(_deep(p)),
    "TIFF": lambda p: saved(p, "TIFF", compression="tiff_adobe_deflate"),
    "TIFF, 16 bits": lambda p: deep.tiff_file(_deep(p)),
    "WebP 80": lambda p: saved(p, "WEBP", quality=80),
    "WebP 95": lambda p: saved(p, "WEBP", quality=95),
    "WebP, lossless": lambda p: saved(p, "WEBP", lossless=True),
    "AVIF 75": lambda p: saved(p, "AVIF", quality=75),
    "GIF, camera": lambda p: _animated(_camera(p), "GIF"),
    "GIF, sprite": lambda p: _animated(_sprite(p), "GIF"),
    "APNG, camera": lambda p: _animated(_camera(p), "PNG"),
    "APNG, sprite": lambda p: _animated(_sprite(p), "PNG"),
    "WebP 80, camera": lambda p: _animated(_camera(p), "WEBP", quality=80),
    "WebP lossless, sprite": lambda p: _animated(_sprite(p), "WEBP", lossless=True),
}
_IMAGES: Final = PillowImages()
_MARKER: Final = LatticeWatermarker(KEY)

if __name__ == "__main__":
    main()
