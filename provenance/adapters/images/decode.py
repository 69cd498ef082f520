"""A container's pixels, and what becomes of whatever a decoder raises."""

from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from typing import TYPE_CHECKING

from PIL import Image

from provenance.adapters.images import colour
from provenance.adapters.images.container import Container, damaged
from provenance.core.errors import Rejected, TooLarge, UnreadableImage

if TYPE_CHECKING:
    from provenance.core.types import Pixels


def decoded(container: Container, *, kept: bool = False) -> "tuple[Pixels, Pixels | None, tuple[str, ...]]":
    """(uint8[H, W, 3] sRGB, uint8[H, W] alpha or None, notes), as stored: before orientation. `kept`: see `to_srgb`."""
    with Image.open(BytesIO(container.decodable), formats=[container.format]) as image:
        if image.size != (container.width, container.height):
            raise damaged(f"its headers disagree about its size ({image.width} x {image.height})")
        image.load()
        pixels, alpha, notes = colour.to_srgb(image, container.icc, kept=kept)
        if container.colour_key is not None:
            alpha = colour.key_alpha(image, container.colour_key, container.depth)
    if container.depth == 16:
        notes = ("its 16 bits are looked at as 8" if kept else "16 bits reduced to 8", *notes)
    return pixels, alpha, notes


@contextmanager
def only_rejections() -> Iterator[None]:
    """Decoders fail in many ways (OSError, SyntaxError, struct.error, zlib.error, ...): each means a bad file."""
    try:
        yield
    except Rejected:
        raise
    except (Image.DecompressionBombError, Image.DecompressionBombWarning, MemoryError) as error:
        raise TooLarge("the picture unpacks to more than we take", hint="scale it down") from error
    except Exception as error:
        reason = f"the image data is damaged or cut off ({type(error).__name__})"
        raise UnreadableImage(reason, hint="export the picture again or send the original") from error
