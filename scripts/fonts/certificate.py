"""Make the font of the PDF certificate: Noto Sans SC (SIL Open Font License 1.1), cut down to the characters in use.

npm pack @fontsource/noto-sans-sc@5.3.0 && tar xzf fontsource-noto-sans-sc-5.3.0.tgz
python -m scripts.fonts.certificate package/files/noto-sans-sc-chinese-simplified-400-normal.woff package/LICENSE
"""

import argparse
import shutil
from pathlib import Path

from fontTools.subset import Options, Subsetter
from fontTools.ttLib import TTFont

from provenance.adapters.pdf.certificate import FONT
from provenance.adapters.pdf.texts import TEXTS
from provenance.licensing import TEMPLATES


def characters() -> set[str]:
    """Printable ASCII, and whatever the sheet's words and the licence titles need."""
    ascii_ones = {chr(code) for code in range(0x20, 0x7F)}
    words = {character for pair in TEXTS.values() for text in pair for character in text}
    titles = {c for terms in TEMPLATES.values() for title in terms.document["title"].values() for c in title}
    return ascii_ones | words | titles


def cut(source: Path, target: Path, wanted: set[str]) -> int:
    """Write the font cut down to the characters that are wanted; answers how many it has."""
    font = TTFont(source, recalcTimestamp=False)
    options = Options()
    options.layout_features = []  # no kerning, no vertical forms: fpdf2 sets one glyph after another
    options.name_IDs = [0, 1, 2, 4, 5, 6, 13, 14]  # with copyright and licence
    options.notdef_outline = True
    options.hinting = False
    subsetter = Subsetter(options)
    subsetter.populate(text="".join(sorted(wanted)))
    subsetter.subset(font)
    font.flavor = None
    font.save(target, reorderTables=True)
    return len(TTFont(target).getBestCmap())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("font", type=Path)
    parser.add_argument("licence", type=Path)
    options = parser.parse_args()
    FONT.parent.mkdir(exist_ok=True)
    count = cut(options.font, FONT, characters())
    shutil.copyfile(options.licence, FONT.with_name("OFL.txt"))
    print(f"{FONT.name}: {count} characters, {FONT.stat().st_size} bytes")


if __name__ == "__main__":
    main()
