"""What the pictures of the corpus are: which edition a picture is of, and how two of them are related.

`index.csv` in the corpus names the licence, the credit and the original file of each picture; the original name tells
an AI picture's style and prompt, a photo's subject or place, a painting's author. Pictures without a row there are
photos that are related to nothing. A picture whose path (relative to the corpus, POSIX) has a sha256 that starts with
a byte under 64 is for TEST (`scripts.models.copies.is_test`); models and thresholds are fitted on the rest.
"""

import csv
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

RELATIONS: Final = ("same-prompt", "same-subject", "same-style", "same-template", "unrelated")
_AI = re.compile(r"images__(?P<style>.+)_(?P<prompt>person|place|thing)_[0-9a-f]+\.")
_SUBJECT = re.compile(r"dataset__(?P<subject>.+)__\d+_")
_PLACE = re.compile(r"images__(?P<place>land|scene)__(?P<name>[a-z]+)")


@dataclass(frozen=True, slots=True)
class Family:
    """What a picture has in common with others; "" where there is nothing of the sort. Art is all that is no photo."""

    photo: bool = True
    prompt: str = ""
    subject: str = ""
    style: str = ""
    template: str = ""

    def relation(self, others: Iterable["Family"]) -> str:
        """The closest of RELATIONS that it has with any of the others."""
        best = len(RELATIONS) - 1
        for other in others:
            shared = (self.prompt, other.prompt), (self.subject, other.subject), (self.style, other.style)
            pairs = (*shared, (self.template, other.template))
            best = min([best, *(rank for rank, (mine, yours) in enumerate(pairs) if mine and mine == yours)])
        return RELATIONS[best]


def read_families(corpus: Path) -> dict[str, Family]:
    """Path relative to the corpus -> family, from its index.csv; nothing where there is none."""
    index = corpus / "index.csv"
    if not index.exists():
        return {}
    with index.open(encoding="utf-8", newline="") as lines:
        return {row["path"]: _family(row) for row in csv.DictReader(lines)}


def _family(row: dict[str, str]) -> Family:
    name, kind = row["original_name"], row["kind"]
    if kind == "photo":
        if found := _SUBJECT.search(name):
            return Family(subject=found["subject"])
        place = _PLACE.search(name)
        return Family(style=f"{place['place']} {place['name']}" if place else "")
    if kind == "ai-art" and (found := _AI.search(name)):
        return Family(photo=False, prompt=found["prompt"], style=found["style"])
    if kind == "painting":
        return Family(photo=False, style=row["credit"].split(",")[0])
    if kind == "illustration":
        return Family(photo=False, template=row["credit"])
    return Family(photo=False)


def in_edition(family: Family, edition: str) -> bool:
    """Of "photo", "all", or any edition of art."""
    return edition == "all" or family.photo == (edition == "photo")
