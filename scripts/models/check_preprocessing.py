"""Which preprocessing were the Lite0 weights trained with? Classify photos whose class is obvious, in every variant.

    python -m scripts.models.check_preprocessing --corpus <folder with index.csv and photos>

The photos are those of the DreamBooth set whose subject is an ImageNet class (dogs, cats, a teapot, ...). For each
variant of padding, batch-norm epsilon and mean/std it prints the top-1 accuracy and the mean probability of the right
classes. The probability tells more: every variant gets the easy photos right.
"""

import argparse
import csv
import json
from itertools import product
from pathlib import Path
from typing import Final

import cv2
import numpy as np
import torch
from timm.data import ImageNetInfo

from scripts.models.copies import DEFAULT_CORPUS, read
from scripts.models.export_lite0 import load_network

# subject in the file's original name -> words in the description of its ImageNet classes, or their range
SUBJECTS: Final = {
    "backpack": ("backpack",),
    "dog": range(151, 269),
    "cat": range(281, 286),
    "teapot": ("teapot",),
    "sneaker": ("running shoe",),
    "boot": ("cowboy boot",),
    "clock": ("analog clock", "digital clock", "wall clock"),
    "vase": ("vase",),
    "candle": ("candle",),
    "sunglasses": ("sunglass",),
    "plushie": ("teddy",),
}
SIDE: Final = 224
SCALES: Final = {
    "ImageNet mean and std": ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)),
    "0.5 and 0.5": ((0.5,) * 3, (0.5,) * 3),
}
PADDINGS: Final = {"symmetric": "efficientnet_lite0", "SAME": "tf_efficientnet_lite0"}


def classes(subject: str) -> set[int]:
    wanted = SUBJECTS[subject]
    if isinstance(wanted, range):
        return set(wanted)
    info = ImageNetInfo()
    names = [info.index_to_description(index).lower() for index in range(1000)]
    return {index for index, name in enumerate(names) if any(word in name for word in wanted)}


def labelled(corpus: Path) -> list[tuple[str, set[int]]]:
    """(path, right classes) of every photo of a known subject."""
    found = []
    with (corpus / "index.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            subject = next((s for s in SUBJECTS if s in row["original_name"]), None)
            if subject and "DreamBooth" in row["credit"]:
                found.append((row["path"], classes(subject)))
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--corpus", type=Path, default=DEFAULT_CORPUS)
    parser.add_argument("--every", type=int, default=2, help="take every nth photo")
    options = parser.parse_args()
    photos = labelled(options.corpus)[:: options.every]
    pixels = [cv2.resize(read(options.corpus / p), (SIDE, SIDE), interpolation=cv2.INTER_AREA) for p, _ in photos]
    batch = torch.from_numpy(np.stack(pixels)).permute(0, 3, 1, 2).float() / 255
    rows = []
    for (padding, architecture), epsilon, (scale, (mean, std)) in product(
        PADDINGS.items(), (1e-5, 1e-3), SCALES.items()
    ):
        network = load_network(architecture, epsilon)
        with torch.inference_mode():
            x = (batch - torch.tensor(mean).view(3, 1, 1)) / torch.tensor(std).view(3, 1, 1)
            shares = torch.cat([network(part).softmax(1) for part in x.split(16)]).numpy()
        right = [share[list(wanted)].sum() for share, (_, wanted) in zip(shares, photos, strict=True)]
        hits = [int(share.argmax()) in wanted for share, (_, wanted) in zip(shares, photos, strict=True)]
        rows.append((padding, epsilon, scale, round(float(np.mean(hits)), 3), round(float(np.mean(right)), 3)))
    print(json.dumps({"photos": len(photos), "rows": rows}))
    print("| padding | epsilon | scaling | top-1 | probability of the right classes |\n|---|---|---|---|---|")
    for row in rows:
        print("| " + " | ".join(map(str, row)) + " |")


if __name__ == "__main__":
    main()
