"""The worker process, `python -m provenance.faces.worker`: outbox, index generations, anchors."""

import signal
import threading
from types import FrameType

from provenance.faces import logs
from provenance.settings import Settings
from provenance.wiring import Service


def main() -> None:
    """Run until SIGTERM or SIGINT; the job in hand is finished first."""
    stop = threading.Event()

    def ask_to_stop(_signal: int, _frame: FrameType | None) -> None:
        stop.set()

    signal.signal(signal.SIGTERM, ask_to_stop)
    signal.signal(signal.SIGINT, ask_to_stop)
    settings = Settings()
    logs.configure(settings)
    with Service(settings) as service:
        service.start()
        service.keep_house(stop)


if __name__ == "__main__":
    main()
