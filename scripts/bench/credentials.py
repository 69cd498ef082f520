"""CPU time of issuing and verifying certificates, as JSON (`--json`) or a table.

    python -m scripts.bench.credentials --rounds 200 --batch 1000 --registrations 20 --side 1024

Keys and claims are those of the golden certificates; times are CPU milliseconds of this process: median and 95th
percentile. With `--registrations` also what signing adds to registering pictures of that side (`signing.py`).
"""

import argparse
import json
import platform
import statistics
import time
from collections.abc import Callable

from provenance.core.records import StatusPurpose
from provenance.core.types import WorkId
from provenance.credentials import (
    LIST_BITS,
    Supplied,
    bundle,
    certificate_hash,
    issue_jwt,
    pinned_did_document,
    verify,
)
from provenance.credentials.vc.merkle import MerkleBatch
from provenance.faces.cli.verifying.pins import LogCheck
from scripts.bench import signing
from scripts.golden import certificates as golden
from scripts.golden import credentials, log, standing, tokens


def cpu_ms(work: Callable[[], object], rounds: int) -> dict[str, float]:
    work()  # imports and caches
    times = []
    for _ in range(rounds):
        start = time.process_time_ns()
        work()
        times.append((time.process_time_ns() - start) / 1e6)
    return {"median": round(statistics.median(times), 3), "p95": round(statistics.quantiles(times, n=20)[-1], 3)}


def anchored(batch: int) -> dict[str, object]:
    """The golden certificate in a Merkle batch of the given size."""
    certificate = golden.certificate()
    leaf = (golden.WORK, bytes.fromhex(certificate_hash(certificate)))
    tree = MerkleBatch([leaf, *((WorkId(number), number.to_bytes(32, "big")) for number in range(1, batch))])
    entry = dict(golden.bundled()["receipts"][0], root="0x" + tree.root.hex(), leafCount=batch)
    return bundle(certificate, [entry | {"path": ["0x" + node.hex() for node in tree.path(leaf)]}])


def measure(rounds: int, batch: int) -> dict[str, dict[str, float]]:
    keys = pinned_did_document(golden.did_json())
    bare = json.dumps(golden.certificate()).encode()
    whole = json.dumps(anchored(batch)).encode()
    certificate, token = golden.certificate(), tokens.token()
    logged = golden.text(bundle(certificate, [], log_proof=credentials.proofs()["valid-bundle"]))
    policy = Supplied(check_log=LogCheck(log.policy()))
    suspended = standing.status_list(StatusPurpose.SUSPENSION)
    listed = Supplied(status_lists=[json.dumps(document).encode() for document in (crowded(), suspended)])
    return {
        "issue": cpu_ms(golden.certificate, rounds),
        "verify": cpu_ms(lambda: verify(bare, keyring=keys, now=golden.NOW), rounds),
        f"verify with a path of a batch of {batch}": cpu_ms(
            lambda: verify(whole, keyring=keys, now=golden.NOW), rounds
        ),
        "verify with a log proof and two witnesses": cpu_ms(
            lambda: verify(logged, keyring=keys, now=golden.NOW, supplied=policy), rounds
        ),
        "verify with both status lists": cpu_ms(
            lambda: verify(bare, keyring=keys, now=golden.NOW, supplied=listed), rounds
        ),
        "issue a status list": cpu_ms(crowded, rounds),
        "issue as vc+jwt": cpu_ms(lambda: issue_jwt(certificate, signer=golden.CURRENT, issued_at=golden.NOW), rounds),
        "verify a vc+jwt": cpu_ms(lambda: verify(token, keyring=keys, now=golden.NOW), rounds),
    }


def crowded() -> dict[str, object]:
    """A status list in which every hundredth certificate was revoked, but the golden one was not."""
    marked = tuple(position for position in range(0, LIST_BITS, 100) if position != standing.POSITION)
    return standing.status_list(marked=marked)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=200)
    parser.add_argument("--batch", type=int, default=1000)
    parser.add_argument("--registrations", type=int, default=0, help="of each format; 0 leaves them out")
    parser.add_argument("--side", type=int, default=1024, help="of the registered pictures, in pixels")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    results = measure(options.rounds, options.batch)
    if options.registrations:
        results |= signing.measure(options.registrations, options.side)
    machine = {"machine": platform.machine(), "python": platform.python_version(), "rounds": options.rounds}
    if options.json:
        print(json.dumps({**machine, "cpu_ms": results}, indent=1))
        return
    print(f"{machine['machine']}, Python {machine['python']}, {options.rounds} rounds")
    print("| CPU ms | median | p95 |\n|---|---|---|")
    for name, times in results.items():
        print(f"| {name} | {times['median']} | {times['p95']} |")


if __name__ == "__main__":
    main()
