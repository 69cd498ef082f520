"""The Merkle tree of RFC 6962, section 2.1: hashes, heads, inclusion and consistency proofs (RFC 9162, section 2.1).

A tree is read through `Nodes`, which answers the hash of a complete subtree. Every root and every proof needs about
log2(size) of them, so that nobody has to hold a tree to prove something about it.
"""

import hashlib
from collections.abc import Callable, Sequence
from typing import Final

from provenance.core.errors import LogInconsistent, LogRootMismatch, MalformedLogProof
from provenance.credentials.messages import refusal

HASH_BYTES: Final = 32
MAX_SIZE: Final = (1 << 63) - 1
"""More leaves than any log has; other implementations count them in signed 64-bit numbers."""

EMPTY_ROOT: Final = hashlib.sha256(b"").digest()

Nodes = Callable[[int, int], bytes]
"""(height, index) to the hash of the complete subtree over the leaves [index << height, (index + 1) << height)."""


def leaf_hash(entry: bytes) -> bytes:
    """32 bytes."""
    return hashlib.sha256(b"\x00" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """32 bytes."""
    return hashlib.sha256(b"\x01" + left + right).digest()


def root(size: int, nodes: Nodes) -> bytes:
    """The root of the tree's first `size` leaves."""
    return _range_hash(0, size, nodes) if size else EMPTY_ROOT


def inclusion_path(index: int, size: int, nodes: Nodes) -> tuple[bytes, ...]:
    """PATH(index, D[0:size]), the leaf's sibling first. Raises ValueError unless 0 <= index < size."""
    if not 0 <= index < size:
        raise ValueError("the leaf is not in the tree")
    path = []
    start, end = 0, size
    while end - start > 1:
        middle = start + _split(end - start)
        if index < middle:
            path.append(_range_hash(middle, end, nodes))
            end = middle
        else:
            path.append(_range_hash(start, middle, nodes))
            start = middle
    return tuple(reversed(path))


def consistency_path(old: int, new: int, nodes: Nodes) -> tuple[bytes, ...]:
    """PROOF(old, D[0:new]); empty from the empty tree and between equal ones. Raises ValueError unless old <= new."""
    return tuple(_range_hash(start, end, nodes) for start, end in _consistency_ranges(old, new))


def path_root(leaf: bytes, path: Sequence[bytes], *, index: int, size: int) -> bytes:
    """The root that an inclusion path leads to from a leaf's hash (RFC 9162, section 2.1.3.2).

    Raises MalformedLogProof on a path that no leaf `index` of a tree of that size has.
    """
    if not 0 <= index < size <= MAX_SIZE:
        raise refusal(MalformedLogProof, "log-index", index=str(index), size=str(size))
    _check_path(path, _inclusion_length(index, size))
    position, last, node = index, size - 1, leaf
    for sibling in path:
        if position & 1 or position == last:
            node = node_hash(sibling, node)
            while position and not position & 1:
                position, last = position >> 1, last >> 1
        else:
            node = node_hash(node, sibling)
        position, last = position >> 1, last >> 1
    return node


def verify_inclusion(leaf: bytes, path: Sequence[bytes], *, index: int, head: tuple[int, bytes]) -> None:
    """`leaf` is the entry's hash, `head` the (size, root). Raises MalformedLogProof, LogRootMismatch."""
    size, root = head
    if path_root(leaf, path, index=index, size=size) != root:
        raise refusal(LogRootMismatch, "log-root", size=str(size))


def verify_consistency(path: Sequence[bytes], *, old: tuple[int, bytes], new: tuple[int, bytes]) -> None:
    """RFC 9162, section 2.1.4.2, between two (size, root). Raises MalformedLogProof, LogInconsistent."""
    (old_size, old_root), (new_size, new_root) = old, new
    if not 0 <= old_size <= new_size <= MAX_SIZE:
        raise refusal(LogInconsistent, "log-shrank", old=str(old_size), new=str(new_size))
    _check_path(path, len(_consistency_ranges(old_size, new_size)))
    if old_size == 0:
        roots = (EMPTY_ROOT, new_root if new_size else EMPTY_ROOT)
    elif old_size == new_size:
        roots = (new_root, new_root)
    else:
        roots = _consistency_roots(path, old_size, new_size, old_root)
    if roots != (old_root, new_root):
        raise refusal(LogInconsistent, "log-forked", old=str(old_size), new=str(new_size))


class Frontier:
    """A tree that only grows at its right edge, kept as the hashes of its complete subtrees, the largest first."""

    def __init__(self, size: int = 0, nodes: Sequence[bytes] = ()) -> None:
        """Raises MalformedLogProof when `nodes` are not as many 32-byte hashes as a tree of that size has subtrees."""
        if not 0 <= size <= MAX_SIZE:
            raise refusal(MalformedLogProof, "log-size")
        _check_path(nodes, size.bit_count())
        self._size = size
        self._nodes = list(nodes)

    @property
    def size(self) -> int:
        return self._size

    @property
    def nodes(self) -> tuple[bytes, ...]:
        return tuple(self._nodes)

    @property
    def root(self) -> bytes:
        return _folded(self._nodes) if self._nodes else EMPTY_ROOT

    def append(self, leaf: bytes) -> None:
        """Add a leaf by its hash."""
        node, merged = leaf, self._size
        while merged & 1:
            node, merged = node_hash(self._nodes.pop(), node), merged >> 1
        self._nodes.append(node)
        self._size += 1


def complete(hashes: Sequence[bytes]) -> bytes:
    """The root of a complete subtree over 2^k hashes of one level. Raises ValueError for another number of them."""
    level = list(hashes)
    if len(level).bit_count() != 1:
        raise ValueError("a complete subtree has 2^k leaves")
    while len(level) > 1:
        level = [node_hash(level[i], level[i + 1]) for i in range(0, len(level), 2)]
    return level[0]


def _split(count: int) -> int:
    """The largest power of two below `count` (> 1)."""
    return 1 << (count - 1).bit_length() - 1


def _range_hash(start: int, end: int, nodes: Nodes) -> bytes:
    """MTH(D[start:end]) where `start` is a multiple of the range's largest power of two, as in every proof."""
    parts = []
    while start < end:
        height = (end - start).bit_length() - 1
        parts.append(nodes(height, start >> height))
        start += 1 << height
    return _folded(parts)


def _folded(parts: Sequence[bytes]) -> bytes:
    """The hash over complete subtrees that stand side by side, the largest first."""
    node = parts[-1]
    for left in reversed(parts[:-1]):
        node = node_hash(left, node)
    return node


def _consistency_ranges(old: int, new: int) -> list[tuple[int, int]]:
    """The ranges of leaves whose hashes are PROOF(old, D[0:new]), in its order."""
    if not 0 <= old <= new:
        raise ValueError("a tree does not shrink")
    if old in (0, new):
        return []
    ranges = []
    start, end, from_the_left = 0, new, True
    while end != old:
        middle = start + _split(end - start)
        if old <= middle:
            ranges.append((middle, end))
            end = middle
        else:
            ranges.append((start, middle))
            start, from_the_left = middle, False
    if not from_the_left:
        ranges.append((start, end))
    return ranges[::-1]


def _consistency_roots(path: Sequence[bytes], old_size: int, new_size: int, old_root: bytes) -> tuple[bytes, bytes]:
    """The two roots that a path of the right length leads to. A complete old tree is its own first node."""
    first, *rest = path if old_size.bit_count() > 1 else (old_root, *path)
    position, last = old_size - 1, new_size - 1
    while position & 1:
        position, last = position >> 1, last >> 1
    old = new = first
    for node in rest:
        if position & 1 or position == last:
            old, new = node_hash(node, old), node_hash(node, new)
            while position and not position & 1:
                position, last = position >> 1, last >> 1
        else:
            new = node_hash(new, node)
        position, last = position >> 1, last >> 1
    return old, new


def _inclusion_length(index: int, size: int) -> int:
    """Below the lowest common ancestor of the leaf and the last leaf every level has a sibling; above it, only those
    where the way goes right."""
    shared = (index ^ (size - 1)).bit_length()
    return shared + (index >> shared).bit_count()


def _check_path(path: Sequence[bytes], wanted: int) -> None:
    if len(path) != wanted or any(len(node) != HASH_BYTES for node in path):
        raise refusal(MalformedLogProof, "log-path-length", given=str(len(path)), wanted=str(wanted))
