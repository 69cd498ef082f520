"""One picture with every kind of the procedural generator, some seeds each: docs/images/procedural.jpg.

python scripts/contact_sheet.py [--seeds 11 12 23 31] [--size 768] [--cell 140] [--out docs/images/procedural.jpg]
"""

import argparse
from pathlib import Path

import cv2
import numpy as np

from generators.procedural import ProceduralGenerator


def contact_sheet(seeds: list[int], size: int, cell: int, gap: int = 6) -> np.ndarray:
    """uint8[H, W, 3] sRGB: two kinds a row, one column a seed."""
    generator = ProceduralGenerator()
    cells = []
    for kind in generator.kinds:
        for seed in seeds:
            recipe = {"generator": generator.name, "kind": kind, "width": size, "height": size}
            pixels = np.array(generator.make(recipe, seed=seed).pixels)
            small = cv2.resize(pixels, (cell, cell), interpolation=cv2.INTER_AREA)
            cells.append(cv2.copyMakeBorder(small, 0, gap, 0, gap, cv2.BORDER_CONSTANT, value=(255, 255, 255)))
    columns = 2 * len(seeds)
    cells += [np.full_like(cells[0], 255)] * (-len(cells) % columns)
    rows = [np.hstack(cells[start : start + columns]) for start in range(0, len(cells), columns)]
    return np.vstack(rows)[:-gap, :-gap]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, nargs="+", default=[11, 12, 23, 31])
    parser.add_argument("--size", type=int, default=768, help="pixels of each picture's side when it is drawn")
    parser.add_argument("--cell", type=int, default=140, help="pixels of each picture's side on the sheet")
    parser.add_argument("--quality", type=int, default=68)
    parser.add_argument("--out", type=Path, default=Path("docs/images/procedural.jpg"))
    options = parser.parse_args()
    sheet = contact_sheet(options.seeds, options.size, options.cell)
    encoded = cv2.imencode(".jpg", sheet[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, options.quality])[1]
    options.out.parent.mkdir(parents=True, exist_ok=True)
    options.out.write_bytes(encoded.tobytes())
    print(f"{options.out}: {sheet.shape[1]} x {sheet.shape[0]}, {len(encoded) // 1024} KiB")


if __name__ == "__main__":
    main()
