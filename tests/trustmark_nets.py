"""Small networks in TrustMark's form, with weights that a test draws: no learning, but marks that can be read.

A bit is the sign of a projection of the picture, seen at 64 x 64, on a random pattern of middle frequencies. The
encoder moves each projection that is not yet clear enough (an informed spread spectrum), so that any cover will do. The
package itself builds them from `trustmark_C.yaml`; where it is not installed, `stand_in` has its documented interface.
"""

import hashlib
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn
from torch.nn import functional

SEEN = 64
MARGIN = 0.15
CONFIG = """
model:
  target: trustmark.model.TrustMark_Arch
  params:
    cover_key: image
    secret_key: secret
    secret_len: 100
    resolution: 256
    secret_encoder_config: {target: tests.trustmark_nets.Encoder, params: {}}
    secret_decoder_config: {target: tests.trustmark_nets.Decoder, params: {}}
    discriminator_config: {target: trustmark.model.Identity}
    loss_config: {target: trustmark.model.Identity}
    noise_config: {target: trustmark.model.Identity}
"""


def patterns(seed: int) -> torch.Tensor:
    """float32[100, 3, 64, 64]: orthonormal, of cosines with 14 to 25 half waves a side."""
    rng = np.random.default_rng(seed)
    waves = np.cos(np.pi * np.outer(np.arange(14, 26), np.arange(SEEN) + 0.5) / SEEN) / np.sqrt(SEEN / 2)
    basis = np.einsum("ay,bx->abyx", waves, waves).reshape(144, -1)
    mixed, _ = np.linalg.qr(rng.normal(size=(3 * 144, 100)))
    return torch.tensor((mixed.T.reshape(100, 3, 144) @ basis).reshape(100, 3, SEEN, SEEN), dtype=torch.float32)


class Decoder(nn.Module):
    """Pictures float32[n, 3, h, w] in -1..1 to float32[n, 100], positive for bit 1."""

    def __init__(self, resolution: int = 224, secret_len: int = 100) -> None:
        super().__init__()
        self.register_buffer("patterns", torch.zeros(secret_len, 3, SEEN, SEEN))

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        small = functional.interpolate(image, size=(SEEN, SEEN), mode="bilinear", antialias=True, align_corners=False)
        return torch.einsum("ncyx,kcyx->nk", small, self.patterns)


class Encoder(Decoder):
    """Pictures float32[1, 3, 256, 256] and a secret of 100 numbers 0 and 1 to the marked pictures."""

    def __init__(self, resolution: int = 256, secret_len: int = 100) -> None:
        super().__init__(resolution, secret_len)

    def forward(self, image: torch.Tensor, secret: torch.Tensor) -> torch.Tensor:  # type: ignore[override]
        signs = secret.reshape(1, -1) * 2 - 1
        marked = image
        for _ in range(3):  # enlarging and reducing again keeps a little less than all
            lacking = signs * (MARGIN - signs * super().forward(marked)).clamp(min=0)
            small = torch.einsum("nk,kcyx->ncyx", lacking, self.patterns)
            marked = marked + functional.interpolate(small, size=image.shape[2:], mode="bicubic", align_corners=False)
        return marked


UNTRAINED = CONFIG.replace("tests.trustmark_nets.Encoder", "trustmark.unet.Unet1").replace(
    "{target: tests.trustmark_nets.Decoder, params: {}}",
    "{target: trustmark.unet.SecretDecoder, params: {arch: resnet18}}",
)
"""Adobe's own architectures, which start with random weights."""


def write_weights(folder: Path, *, variant: str = "C", decoder_seed: int = 1) -> dict[str, str]:
    """The three files of a variant; their MD5 by name, as the package lists them."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"trustmark_{variant}.yaml").write_text(CONFIG)
    for part, drawn in (("encoder", 1), ("decoder", decoder_seed)):
        state = {f"{part}.patterns": patterns(drawn)}
        torch.save({"state_dict": state, "global_step": 0, "epoch": 0}, folder / f"{part}_{variant}.ckpt")
    return {path.name: hashlib.md5(path.read_bytes()).hexdigest() for path in folder.iterdir()}


class _Both(nn.Module):
    """What the package's TrustMark_Arch is to its reader and writer."""

    def __init__(self, part: str) -> None:
        super().__init__()
        self.encoder = Encoder() if part == "encoder" else None
        self.decoder = Decoder() if part == "decoder" else None

    def forward(self, cover: torch.Tensor, secret: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        marked = self.encoder(cover, secret)
        return marked, marked - cover


class TrustMark:
    """The documented interface of trustmark 0.9.2 (its CONFIG.md), as far as raw bits go."""

    def __init__(
        self,
        use_ECC: bool = True,  # noqa: N803
        verbose: bool = True,
        secret_len: int = 100,
        device: str = "",
        model_type: str = "Q",
        loadRemover: bool = True,  # noqa: N803
    ) -> None:
        assert not use_ECC
        assert not loadRemover, "the remover's weights are of no use here"
        print("Initializing TrustMark")
        self.device = device or "cpu"
        self.model_resolution_enc, self.model_resolution_dec = 256, 224 if model_type == "P" else 245
        self.aspect_ratio_lim = 0 if model_type == "P" else 2.0
        parts = ("decoder", "encoder")
        own = Path("models")
        self.decoder, self.encoder = (
            self.load_model(
                str(own / f"trustmark_{model_type}.yaml"),
                str(own / f"{part}_{model_type}.ckpt"),
                self.device,
                secret_len,
                part=part,
            )
            for part in parts
        )

    def check_and_download(self, filename: str) -> None:
        raise AssertionError(f"nothing may be fetched, and {filename} was")

    def load_model(self, config_path: str, weight_path: str, device: str, secret_len: int, part: str = "all") -> Any:
        self.check_and_download(config_path)
        self.check_and_download(weight_path)
        model = _Both(part)
        model.load_state_dict(torch.load(weight_path, weights_only=True)["state_dict"], strict=False)
        return model.eval()

    def get_the_image_for_processing(self, image: Image.Image) -> Image.Image:
        width, height = image.size
        if max(width, height) / min(width, height) <= self.aspect_ratio_lim:
            return image.copy()
        side = min(width, height)
        left, top = (width - side) // 2, (height - side) // 2
        return image.crop((left, top, left + side, top + side))

    @torch.no_grad()
    def encode(self, image: Image.Image, secret: str, MODE: str = "text", WM_STRENGTH: float = 1.0) -> Image.Image:  # noqa: N803
        assert MODE == "binary"
        seen = self.get_the_image_for_processing(image)
        side = self.model_resolution_enc
        cover = _tensor(seen.resize((side, side), Image.Resampling.BILINEAR))
        marked, _ = self.encoder(cover, torch.tensor([int(bit) for bit in secret], dtype=torch.float32))
        residual = functional.interpolate(marked.clamp(-1, 1) - cover, size=seen.size[::-1], mode="bilinear")[0]
        pixels = np.clip(np.asarray(seen) + WM_STRENGTH * 127.5 * residual.permute(1, 2, 0).numpy(), 0, 255)
        out = image.copy()
        out.paste(
            Image.fromarray(pixels.astype(np.uint8)),
            ((image.width - seen.width) // 2, (image.height - seen.height) // 2),
        )
        return out


def _tensor(image: Image.Image) -> torch.Tensor:
    return torch.from_numpy(np.asarray(image, np.float32) / 127.5 - 1).permute(2, 0, 1)[None]


@contextmanager
def installed(weights: Path) -> Iterator[ModuleType]:
    """The module trustmark.trustmark that lists the files of a folder: the package's, or else a stand-in."""
    checksums = {path.name: hashlib.md5(path.read_bytes()).hexdigest() for path in weights.iterdir()}
    with pytest.MonkeyPatch.context() as patch:
        if find_spec("trustmark") is None:
            for name, module in stand_in().items():
                patch.setitem(sys.modules, name, module)
        module = import_module("trustmark.trustmark")
        patch.setattr(module, "MODEL_CHECKSUMS", module.MODEL_CHECKSUMS | checksums)
        yield module


def stand_in() -> dict[str, ModuleType]:
    """What `sys.modules` has to hold for the package to be installed."""
    package, module = ModuleType("trustmark"), ModuleType("trustmark.trustmark")
    module.__file__ = str(Path("nowhere") / "trustmark.py")
    module.TrustMark, module.MODEL_CHECKSUMS = TrustMark, {}  # type: ignore[attr-defined]
    package.trustmark = module  # type: ignore[attr-defined]
    return {"trustmark": package, "trustmark.trustmark": module}
