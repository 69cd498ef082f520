"""Make the fonts of the PDF report: Noto Sans SC (SIL Open Font License 1.1). The regular one has every character of
its source, for titles; the bold one what the report's own words need.

npm pack @fontsource/noto-sans-sc@5.3.0 && tar xzf fontsource-noto-sans-sc-5.3.0.tgz
python -m scripts.fonts.report package/files
"""

import argparse
from pathlib import Path

from fontTools.ttLib import TTFont

from provenance.adapters.reports.paper import BOLD, REGULAR
from provenance.adapters.reports.texts import TEXTS
from scripts.fonts.certificate import cut

NAME = "noto-sans-sc-chinese-simplified-{weight}-normal.woff"


def words() -> set[str]:
    """Printable Latin-1, and whatever the report's words need."""
    latin = {chr(code) for code in (*range(0x20, 0x7F), *range(0xA1, 0x100))}
    return latin | {c for pair in TEXTS.values() for text in pair for c in text}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("folder", type=Path)
    folder: Path = parser.parse_args().folder
    regular, bold = (folder / NAME.format(weight=weight) for weight in (400, 700))
    with TTFont(regular) as font:
        everything = {chr(code) for code in font.getBestCmap()}
    for source, target, characters in ((regular, REGULAR, everything), (bold, BOLD, words())):
        count = cut(source, target, characters)
        print(f"{target.name}: {count} characters, {target.stat().st_size} bytes")


if __name__ == "__main__":
    main()
