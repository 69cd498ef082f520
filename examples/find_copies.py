"""Find copies inside a folder: `python examples/find_copies.py FOLDER`."""

import sys
from pathlib import Path

import numpy as np
from PIL import Image

from index import Matcher

matcher = Matcher()
for path in sorted(Path(sys.argv[1]).rglob("*.[jJpPwW]*[gGpP]")):
    pixels = np.asarray(Image.open(path).convert("RGB"))
    for match in matcher.match(pixels):
        if match.grade in ("identical", "copy", "edited", "partial"):
            print(f"{path}: {match.grade} of {match.id} (probability {match.probability:.3f})")
    matcher.add([str(path)], [pixels])
