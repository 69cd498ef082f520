"""The networks: Adobe's package, its weights checked before anything runs, and read for what it is sure of.

Written against trustmark 0.9.2. Its reader answers hard bits; ours takes the same path up to the network's own numbers.
"""

import contextlib
import hashlib
import sys
from pathlib import Path
from typing import Any, Final, Literal, Protocol

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from provenance.adapters.trustmark.message import MESSAGE_BITS
from provenance.core.errors import Misconfigured, Unavailable
from provenance.core.types import Region

Pixels = NDArray[np.uint8]
Variant = Literal["Q", "P", "B", "C"]

_FILES: Final = ("trustmark_{}.yaml", "encoder_{}.ckpt", "decoder_{}.ckpt")
_DIGEST_DIGITS: Final = 16
_WRONG_BITS: Final = 15  # of 100: weights that were trained together have a few at most, others about 50


class Networks(Protocol):
    """What the watermarker asks of TrustMark. `name` names variant and weights."""

    @property
    def name(self) -> str: ...
    def encode(self, pixels: Pixels, message: str, *, strength: float) -> Pixels:
        """A copy of uint8[H, W, 3] that carries 100 characters 0 and 1."""

    def read(self, pixels: Pixels) -> NDArray[np.float32]:
        """float32[4, 100] of uint8[H, W, 3]: as it is, and turned by 90, 180 and 270 degrees counter-clockwise;
        positive for bit 1."""

    def region(self, pixels: Pixels) -> Region:
        """The part of the picture that is marked and read."""


class TrustmarkNetworks:
    """One variant of Adobe's models.

    `weights` is a folder with its three files; without one the package's own is used, which the package fills from
    Adobe's server. Either way their MD5 must be those that the package lists, and a picture that is marked here must be
    read here. Raises Misconfigured, Unavailable when weights can't be had.
    """

    def __init__(self, variant: Variant, weights: Path | None = None) -> None:
        package = _package()
        folder = weights or Path(package.__file__).parent / "models"
        names = [name.format(variant) for name in _FILES]
        checksums: dict[str, str] = package.MODEL_CHECKSUMS
        with contextlib.redirect_stdout(sys.stderr):  # the package tells people what it does on stdout
            if weights is None:
                _fetch(package, [folder / name for name in names], checksums)
            digest = _checked(folder, names, checksums)
            self._model = _load(package, variant, folder)
        self.name = f"{variant.lower()}.{digest[:_DIGEST_DIGITS]}"
        self._check_that_it_reads_itself()

    def encode(self, pixels: Pixels, message: str, *, strength: float) -> Pixels:
        picture = Image.fromarray(np.ascontiguousarray(pixels))
        return np.array(self._model.encode(picture, message, MODE="binary", WM_STRENGTH=strength), np.uint8)

    def read(self, pixels: Pixels) -> NDArray[np.float32]:
        import torch

        side = int(self._model.model_resolution_dec)
        seen = self._model.get_the_image_for_processing(Image.fromarray(np.ascontiguousarray(pixels)))
        small = np.asarray(seen.resize((side, side), Image.Resampling.BILINEAR), np.float32) / 127.5 - 1
        turned = np.stack([np.rot90(small, quarter) for quarter in range(4)]).transpose(0, 3, 1, 2)
        with torch.no_grad():
            batch = torch.from_numpy(np.ascontiguousarray(turned)).to(self._model.device)
            return np.asarray(self._model.decoder.decoder(batch).float().cpu().numpy(), np.float32)

    def region(self, pixels: Pixels) -> Region:
        height, width = pixels.shape[:2]
        if max(height, width) / min(height, width) <= self._model.aspect_ratio_lim:
            return ((0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0))
        x, y = (1 - min(height / width, 1.0)) / 2, (1 - min(width / height, 1.0)) / 2
        return ((x, y), (1 - x, y), (1 - x, 1 - y), (x, 1 - y))

    def _check_that_it_reads_itself(self) -> None:
        message = "0110" * (MESSAGE_BITS // 4)
        read = self.read(self.encode(_golden_picture(), message, strength=1.0))[0]
        wrong = sum((value > 0) != (bit == "1") for value, bit in zip(read, message, strict=True))
        if wrong > _WRONG_BITS:
            raise Misconfigured(
                f"TrustMark's weights {self.name} don't read their own mark: {wrong} of {MESSAGE_BITS} bits are wrong",
                hint="bring encoder and decoder of one variant, as Adobe published them",
            )


def _package() -> Any:
    """The module trustmark.trustmark. Raises Misconfigured where it is not installed."""
    try:
        import trustmark.trustmark as package
    except ImportError as error:
        raise Misconfigured(
            f"the watermarker 'trustmark' needs {error.name or 'trustmark'}, which is not installed",
            hint="pip install 'provenance-art[trustmark]'",
        ) from error
    return package


def _fetch(package: Any, files: list[Path], checksums: dict[str, str]) -> None:
    """Let the package bring what is missing, by its own loader. Raises Unavailable."""
    for file in files:
        if file.is_file() and _md5(file) == checksums[file.name]:
            continue
        try:
            package.TrustMark.check_and_download(None, str(file))
        except OSError as error:
            raise Unavailable(
                f"the package trustmark could not fetch {file.name}: {error}",
                hint="put Adobe's files into a folder and name it in PROVENANCE_TRUSTMARK_WEIGHTS",
            ) from error


def _checked(folder: Path, names: list[str], checksums: dict[str, str]) -> str:
    """SHA-256 over all files, hexadecimal. Raises Misconfigured for one that is missing or not Adobe's."""
    digest = hashlib.sha256()
    for name in names:
        path = folder / name
        if not path.is_file():
            raise Misconfigured(
                f"{path} is missing", hint=f"PROVENANCE_TRUSTMARK_WEIGHTS names a folder with {', '.join(names)}"
            )
        if _md5(path) != checksums.get(name):
            raise Misconfigured(
                f"{path} is not the file that the package trustmark lists", hint="download it again from Adobe"
            )
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def _load(package: Any, variant: Variant, folder: Path) -> Any:
    """The package's own class, over files that were checked. Raises Misconfigured."""

    class FromFolder(package.TrustMark):  # type: ignore[misc]  # the package is untyped
        """Takes its files from the folder and fetches none."""

        def check_and_download(self, filename: str) -> None:
            """The files were checked before."""

        def load_model(self, config_path: str, weight_path: str, *rest: Any, **options: Any) -> Any:
            files = [str(folder / Path(path).name) for path in (config_path, weight_path)]
            return super().load_model(*files, *rest, **options)

    try:
        return FromFolder(use_ECC=False, verbose=False, secret_len=MESSAGE_BITS, model_type=variant, loadRemover=False)
    except Exception as error:  # whatever torch, lightning or omegaconf raise over files of others
        raise Misconfigured(
            f"TrustMark {variant} can't be loaded from {folder}: {type(error).__name__}: {error}",
            hint="look at the versions of torch and trustmark, and at the files",
        ) from error


def _md5(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()


def _golden_picture() -> Pixels:
    """uint8[256, 256, 3]: soft waves and a little grain, the same everywhere."""
    y, x = np.mgrid[0:256, 0:256]
    waves = [100 + 40 * np.sin(x / a + y / b) + 30 * np.cos(y / a - x / 37) for a, b in ((29, 61), (41, 47), (53, 31))]
    grain = (x * 7919 + y * 104729) % 17
    picture: Pixels = np.clip(np.dstack(waves) + grain[..., None], 0, 255).astype(np.uint8)
    return picture
