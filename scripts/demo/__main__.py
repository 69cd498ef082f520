"""`python -m scripts.demo --out demo-out`: exits 1 when a misuse was missed or an innocent picture matched."""

import argparse
import json
import sys
from pathlib import Path

from rich.console import Console

from scripts.demo.page import page
from scripts.demo.run import table, tell


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("demo-out"))
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--works", type=int, help="register only so many artworks")
    parser.add_argument("--innocent", type=int, help="add only so many pictures that were never registered")
    arguments = parser.parse_args()
    console = Console() if sys.stdout.isatty() else Console(width=150)
    story = tell(
        arguments.out, seed=arguments.seed, console=console, works=arguments.works, innocent=arguments.innocent
    )
    console.print(table(story))
    for what, where, reason in story.refusals:
        console.print(f"[bold]{what}[/] refused at {where}: {reason}")
    summary = story.summary()
    (arguments.out / "report.json").write_text(json.dumps(summary, indent=2) + "\n")
    (arguments.out / "report.html").write_text(page(story, arguments.out))
    console.print_json(data=summary)
    for path in story.reports:
        console.print(f"a report on one upload, for the other side: {path}")
    console.print(f"the page with the matched regions: {arguments.out / 'report.html'}")
    return 0 if story.succeeded else 1


if __name__ == "__main__":
    sys.exit(main())
