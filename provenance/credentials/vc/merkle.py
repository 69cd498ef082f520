"""Merkle batches that OpenZeppelin's `MerkleProof.verify` accepts. The convention is frozen by test vectors.

- leaf = keccak256(keccak256(abi.encode(bytes32 workId, bytes32 certificateHash))), as StandardMerkleTree: hashed twice,
  so that an inner node can't pass as a leaf; workId is the 64-bit id as a big-endian uint256.
- leaves are sorted ascending; level by level the neighbours (2i, 2i+1) become keccak256(min || max);
- an odd last node is promoted unchanged; a tree of one leaf has that leaf as its root and an empty path.
"""

from collections.abc import Sequence
from typing import Final

from provenance.core.types import WorkId

Leaf = tuple[WorkId, bytes]
"""A work and the 32 bytes of its certificate hash."""

_WORD: Final = 32


def keccak256(data: bytes) -> bytes:
    """The original Keccak that Ethereum uses, not the SHA-3 of FIPS 202."""
    from Crypto.Hash import keccak  # here: it takes as long to import as the rest, and few certificates need it

    return keccak.new(digest_bits=256, data=data).digest()


def leaf_hash(leaf: Leaf) -> bytes:
    """Raises ValueError when the certificate hash has not 32 bytes."""
    work_id, certificate_hash = leaf
    if len(certificate_hash) != _WORD:
        raise ValueError("a certificate hash has 32 bytes")
    return keccak256(keccak256(work_id.payload.to_bytes(_WORD, "big") + certificate_hash))


def _pair(left: bytes, right: bytes) -> bytes:
    return keccak256(left + right if left < right else right + left)


class MerkleBatch:
    """The tree over up to 2^32 - 1 distinct leaves. Raises ValueError when there are none or one occurs twice."""

    def __init__(self, leaves: Sequence[Leaf]) -> None:
        hashes = sorted(leaf_hash(leaf) for leaf in leaves)
        if not hashes:
            raise ValueError("a batch needs a leaf")
        if len(set(hashes)) != len(hashes):
            raise ValueError("a leaf occurs twice in the batch")
        self._levels: Final = [hashes]
        while len(self._levels[-1]) > 1:
            self._levels.append(_parents(self._levels[-1]))
        self._position: Final = {digest: index for index, digest in enumerate(hashes)}

    def __len__(self) -> int:
        return len(self._levels[0])

    @property
    def root(self) -> bytes:
        return self._levels[-1][0]

    def path(self, leaf: Leaf) -> tuple[bytes, ...]:
        """The siblings from the leaf up. Raises KeyError when the leaf is not in the batch."""
        index = self._position[leaf_hash(leaf)]
        siblings = []
        for level in self._levels[:-1]:
            if index ^ 1 < len(level):
                siblings.append(level[index ^ 1])
            index >>= 1
        return tuple(siblings)


def _parents(level: list[bytes]) -> list[bytes]:
    paired = [_pair(level[i], level[i + 1]) for i in range(0, len(level) - 1, 2)]
    return paired + level[len(level) - len(level) % 2 :]


def leads_to(root: bytes, leaf: Leaf, path: Sequence[bytes]) -> bool:
    """Whether the path leads from the leaf to the root: what `MerkleProof.verify` computes."""
    node = leaf_hash(leaf)
    for sibling in path:
        node = _pair(node, sibling)
    return node == root
