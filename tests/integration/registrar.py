"""A process that registers works with the whole real service until it is killed, and says what was answered.

    python -m tests.integration.registrar HOME

For every line `<first tile> <count>` on stdin it forks a service, which prints "ready", then for each tile "doing <n>",
then "work <n> <id> <sha256>" once it was answered, "refused <n>" where the picture can't be marked, and now and then
"withdrawn <id>"; at last "idle". The parent prints "end" when the child is gone. Forking spares the many services the
imports; no model, database or thread is there before the fork.
"""

import os
import sys
from functools import cache
from io import BytesIO
from pathlib import Path

import cv2
import faiss  # noqa: F401  imported before the fork
import numpy as np
import onnxruntime  # noqa: F401
from PIL import Image
from pydantic import SecretStr

import index.matcher
import provenance.watermark  # noqa: F401
from provenance.core.errors import Rejected
from provenance.settings import Settings
from provenance.usecases.register import Submission
from provenance.wiring import Service

SIDE = 320
CORNERS = 300  # a flat tile can't be told from another one
PASSPHRASE = SecretStr("kill me if you can")
EXAMPLES = Path(__file__).parents[2] / "examples"
WITHDRAW_EVERY = 9


def settings(home: Path) -> Settings:
    """Seals a generation every few operations, so that a kill often meets one being written."""
    return Settings(home=home, key_passphrase=PASSPHRASE, seal_after=2, database_url=None, base_url=None)


@cache
def tiles() -> tuple[Image.Image, ...]:
    """Squares of the example pictures that do not overlap and have something in them to recognise."""
    corners = cv2.FastFeatureDetector_create(20)
    found = []
    for path in sorted(EXAMPLES.glob("*/*.jpg")):
        with Image.open(path) as file:
            picture = file.convert("RGB")
        for top in range(0, picture.height - SIDE + 1, SIDE):
            for left in range(0, picture.width - SIDE + 1, SIDE):
                square = picture.crop((left, top, left + SIDE, top + SIDE))
                if len(corners.detect(np.asarray(square.convert("L")))) >= CORNERS:
                    found.append(square)
    return tuple(found)


def submission(number: int) -> Submission:
    target = BytesIO()
    tiles()[number].save(target, "PNG")
    return Submission(data=target.getvalue(), owner="registrar", title=f"tile {number}")


def say(line: str) -> None:
    os.write(1, f"{line}\n".encode())  # one write: a line is whole or not there


def serve(home: Path, first: int, count: int) -> None:
    service = Service(settings(home))
    service.start()
    say("ready")
    for number in range(first, min(first + count, len(tiles()))):
        data = submission(number)
        say(f"doing {number}")
        try:
            work = service.register(data)
        except Rejected:
            say(f"refused {number}")
            continue
        say(f"work {number} {work.id} {work.marked_sha256}")
        if number % WITHDRAW_EVERY == 0:
            service.withdraw(work.id)
            say(f"withdrawn {work.id}")
        service.tick()
    say("idle")  # and waits to be killed
    sys.stdin.readline()


def main(home: Path) -> None:
    assert index.matcher
    tiles()
    for line in sys.stdin:
        first, count = map(int, line.split())
        child = os.fork()
        if child == 0:
            os.setpgid(0, 0)
            serve(home, first, count)
            os._exit(0)
        say(f"pid {child}")
        os.waitpid(child, 0)
        say("end")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
