"""Lines of a given width, in English and in Chinese, where a line may end after any character but not before a full
stop. (What fpdf2 breaks at spaces alone.)"""

import re
from collections.abc import Callable, Iterator
from typing import Final

_TOKEN: Final = re.compile(r"\s+|[^\s\u2e80-\u9fff\uf900-\uffef]+|[\u2e80-\u9fff\uf900-\uffef]")
_CLOSING: Final = frozenset("，。；：、？！）》」』】〕”’％")
_OPENING: Final = frozenset("（《「『【〔“‘")


def wrapped(words: str, width: float, measure: Callable[[str], float]) -> list[str]:
    """At least one line. What is wider than a line alone, such as a digest, is cut anywhere."""
    lines: list[str] = []
    line, used = "", 0.0
    for token in _tokens(words):
        size = measure(token)
        if used + size > width:
            lines += [line.rstrip()] if line.strip() else []
            line, used = "", 0.0
            token = token.lstrip()
            size = measure(token)
        while size > width and len(token) > 1:
            end = _fitting(token, width, measure)
            lines.append(token[:end])
            token = token[end:]
            size = measure(token)
        line, used = line + token, used + size
    return [*lines, line.rstrip()]


def _tokens(words: str) -> Iterator[str]:
    """What may not be parted: a word, a run of spaces, an ideograph with the punctuation that belongs to it."""
    held = ""
    for token in _TOKEN.findall(words):
        if held and token not in _CLOSING and held[-1] not in _OPENING:
            yield held
            held = ""
        held += token
    if held:
        yield held


def _fitting(token: str, width: float, measure: Callable[[str], float]) -> int:
    """Characters of the token that fit, at least one."""
    end = len(token)
    while end > 1 and measure(token[:end]) > width:
        end -= 1
    return end
