"""A process that logs and publishes until it is killed: `python -m tests.integration.log_publisher HOME`.

Prints `size root` for every checkpoint as soon as it is published, the way a reader would see it.
"""

import os
import sys
from pathlib import Path

from provenance.adapters.store import SqlStore
from tests.unit.usecases.log_studio import LogStudio


def main() -> None:
    home = Path(sys.argv[1])
    studio = LogStudio(home / "log", store=SqlStore(f"sqlite:///{home / 'log.db'}"))
    publish = studio.publish
    while True:
        with studio.store.unit() as unit:
            for _ in range(1 + os.urandom(1)[0] % 40):
                unit.log.append("test", os.urandom(12), at=studio.clock())
        made = publish()
        assert made is not None
        print(made.size, made.root, flush=True)


if __name__ == "__main__":
    main()
