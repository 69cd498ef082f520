"""Twelve ways in which artworks turn up elsewhere, each encoded as an upload would be."""

import io
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
from PIL import Image, ImageDraw, ImageEnhance, ImageFilter, ImageFont, ImageOps

Picture = Image.Image


@dataclass(frozen=True, slots=True)
class Misuse:
    """The kind of misuse, and the file that it left."""

    name: str
    data: bytes
    suffix: str


def misuse(name: str, artwork: Picture, *, rng: np.random.Generator) -> Misuse:
    """Apply one of `NAMES` to an RGB picture. Deterministic for the generator's state."""
    picture, quality, suffix = _MISUSES[name](artwork.convert("RGB"), rng)
    return Misuse(name, _encoded(picture, quality, suffix), suffix)


def _encoded(picture: Picture, quality: int, suffix: str) -> bytes:
    target = io.BytesIO()
    if suffix == "webp":
        picture.save(target, "WEBP", quality=quality, method=2)
    else:
        picture.save(target, "JPEG", quality=quality)
    return target.getvalue()


def _scaled(picture: Picture, factor: float) -> Picture:
    size = (max(1, round(picture.width * factor)), max(1, round(picture.height * factor)))
    return picture.resize(size, Image.Resampling.LANCZOS)


def _cropped(picture: Picture, share: float, rng: np.random.Generator) -> Picture:
    """A window of `share` of each side, somewhere in the middle two thirds of where it could lie."""
    width, height = round(picture.width * share), round(picture.height * share)
    left = round((picture.width - width) * rng.uniform(1 / 6, 5 / 6))
    top = round((picture.height - height) * rng.uniform(1 / 6, 5 / 6))
    return picture.crop((left, top, left + width, top + height))


def _filtered(picture: Picture) -> Picture:
    """A warm photo-app look: more colour, a curve, a tint."""
    strong = ImageEnhance.Contrast(ImageEnhance.Color(picture).enhance(1.5)).enhance(1.15)
    tint = Image.new("RGB", picture.size, (255, 150, 60))
    return Image.blend(strong, tint, 0.15)


def _written(picture: Picture, text: str, *, share: float) -> Picture:
    """`text` across the lower part, `share` of the width high, white with a dark edge."""
    written = picture.copy()
    size = max(12, round(picture.width * share))
    font = ImageFont.load_default(size)
    position = (round(picture.width * 0.06), round(picture.height * 0.78))
    ImageDraw.Draw(written).text(position, text, font=font, fill="white", stroke_width=2, stroke_fill="black")
    return written


def _recompressed(picture: Picture, _rng: np.random.Generator) -> tuple[Picture, int, str]:
    return picture, 40, "jpg"


def _shrunk(picture: Picture, _rng: np.random.Generator) -> tuple[Picture, int, str]:
    return _scaled(picture, 0.5), 80, "jpg"


def _half(picture: Picture, rng: np.random.Generator) -> tuple[Picture, int, str]:
    return _cropped(picture, 0.5, rng), 85, "jpg"


def _rotated_10(picture: Picture, rng: np.random.Generator) -> tuple[Picture, int, str]:
    angle = 10 if rng.random() < 0.5 else -10
    return picture.rotate(angle, Image.Resampling.BICUBIC, expand=True, fillcolor="white"), 85, "jpg"


def _rotated_90(picture: Picture, _rng: np.random.Generator) -> tuple[Picture, int, str]:
    return picture.transpose(Image.Transpose.ROTATE_90), 85, "jpg"


def _mirrored(picture: Picture, _rng: np.random.Generator) -> tuple[Picture, int, str]:
    return ImageOps.mirror(picture), 85, "jpg"


def _screenshot(picture: Picture, _rng: np.random.Generator) -> tuple[Picture, int, str]:
    """An app's window around it, with a caption and a logo laid over the picture."""
    small = _written(_scaled(picture, 720 / max(picture.size)), "look what I found", share=0.05)
    screen = Image.new("RGB", (small.width + 60, small.height + 190), (244, 244, 247))
    draw = ImageDraw.Draw(screen)
    draw.rectangle((0, 0, screen.width, 70), fill=(32, 34, 44))
    draw.text((24, 22), "artfeed", font=ImageFont.load_default(26), fill="white")
    screen.paste(small, (30, 95))
    badge = (screen.width - 150, 110, screen.width - 50, 150)
    draw.rounded_rectangle(badge, 12, fill=(230, 60, 90))
    draw.text((badge[0] + 14, badge[1] + 8), "LOGO", font=ImageFont.load_default(22), fill="white")
    draw.text((30, screen.height - 70), "1,204 likes   87 comments", font=ImageFont.load_default(22), fill=(70, 70, 80))
    return screen, 80, "jpg"


def _collage(picture: Picture, rng: np.random.Generator) -> tuple[Picture, int, str]:
    """Pasted at about half of the height into a board of coloured noise cards."""
    board = Image.new("RGB", (1100, 850), (250, 247, 240))
    for left, top in ((20, 20), (20, 440), (760, 440)):
        low = rng.integers(0, 256, (6, 8, 3)).astype(np.uint8)
        card = Image.fromarray(low).resize((320, 390), Image.Resampling.BICUBIC).filter(ImageFilter.GaussianBlur(3))
        board.paste(card, (left, top))
    small = _scaled(picture, min(680 / picture.width, 560 / picture.height))
    board.paste(small, (380, 30))
    return board, 85, "jpg"


def _colour_filter(picture: Picture, _rng: np.random.Generator) -> tuple[Picture, int, str]:
    return _filtered(picture), 85, "jpg"


def _webp(picture: Picture, _rng: np.random.Generator) -> tuple[Picture, int, str]:
    return picture, 60, "webp"


def _captioned(picture: Picture, _rng: np.random.Generator) -> tuple[Picture, int, str]:
    return _written(_written(picture, "SALE", share=0.16), "only this week", share=0.05), 80, "jpg"


def _laundered(picture: Picture, rng: np.random.Generator) -> tuple[Picture, int, str]:
    """Heavy crop, filter, text, shrunk and compressed: made so that nobody notices where it came from."""
    part = _filtered(_cropped(picture, 0.6, rng))
    return _scaled(_written(part, "new drop, link in bio", share=0.07), 0.6), 55, "jpg"


_MISUSES: Final[dict[str, Callable[[Picture, np.random.Generator], tuple[Picture, int, str]]]] = {
    "recompressed": _recompressed,
    "shrunk": _shrunk,
    "cropped-50": _half,
    "rotated-10": _rotated_10,
    "rotated-90": _rotated_90,
    "mirrored": _mirrored,
    "screenshot": _screenshot,
    "collage": _collage,
    "colour-filter": _colour_filter,
    "webp": _webp,
    "captioned": _captioned,
    "laundered": _laundered,
}
NAMES: Final = tuple(_MISUSES)
