"""A process that registers works until it is killed, and says which ones the store acknowledged.

    python -m tests.integration.store_writer URL

For every line on stdin it forks a writer, prints "pid N", then the id of every work whose unit was left, then "end".
Forking spares each of the many writers the imports; nothing of its database is open before the fork.
"""

import os
import sys

from provenance.adapters.store import SqlStore
from tests.records import NOON, a_work, keys_of


def register_for_ever(url: str, first: int) -> None:
    store = SqlStore(url)
    number = first
    while True:
        work = a_work(number)
        with store.unit() as unit:
            unit.works.add(work, keys_of(work))
            unit.fingerprints.append(work.id, b"fingerprint" * 100)
            unit.outbox.add("registered", {"work_id": str(work.id)}, available_at=NOON)
        os.write(1, f"{work.id}\n".encode())  # one write: a line is whole or not there
        number += 1


def warm_up() -> None:
    """Everything that happens once a process, so that a writer's short life is spent writing."""
    store = SqlStore.memory()
    with store.unit() as unit:
        unit.works.add(a_work(0), keys_of(a_work(0)))
    store.close()


def main(url: str) -> None:
    warm_up()
    for generation, _ in enumerate(sys.stdin):
        child = os.fork()
        if child == 0:
            register_for_ever(url, generation * 1_000_000)
        os.write(1, f"pid {child}\n".encode())
        os.waitpid(child, 0)
        os.write(1, b"end\n")


if __name__ == "__main__":
    main(sys.argv[1])
