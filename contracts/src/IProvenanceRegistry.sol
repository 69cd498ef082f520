// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

/**
 * @title IProvenanceRegistry
 * @notice Anchors the Merkle roots of batches of certificates, and answers whether a certificate is in a batch.
 *
 * All state is keyed by the address that wrote it. The registry gives nobody authority: it says "this publisher put this
 * root here at that time", and a reader decides which publishers to believe.
 *
 * The names and signatures are chosen so that a later registry, at a new address, can add commits, claims, revocations and
 * dispute flags to this interface without changing what is here.
 */
interface IProvenanceRegistry {
    /**
     * @notice `publisher` anchored `root` in this block.
     * @param leafCount Number of leaves that the publisher says the tree has. The registry can't check it.
     * @param manifestURI Where the publisher keeps the list of leaves; may be empty. It is only logged, never stored.
     */
    event BatchAnchored(address indexed publisher, bytes32 indexed root, uint32 leafCount, string manifestURI);

    /// @notice The zero root is refused: no tree has it.
    error ZeroRoot();

    /// @notice A batch without leaves is refused.
    error NoLeaves();

    /// @notice The caller anchored this root before; the first time stands.
    error AlreadyAnchored(address publisher, bytes32 root);

    /**
     * @notice Anchors the root of a Merkle tree under the caller's address, at this block's time.
     *
     * Reverts with {ZeroRoot}, {NoLeaves} or {AlreadyAnchored}. Another publisher may anchor the same root: that takes
     * nothing from the first one, because every anchor is keyed by its publisher.
     *
     * WARNING: Everything given here is public for ever. A root says nothing about its leaves; `manifestURI` may. Put
     * no personal data, prompt or secret link in it.
     *
     * Emits {BatchAnchored}.
     */
    function anchorBatch(bytes32 root, uint32 leafCount, string calldata manifestURI) external;

    /**
     * @notice When `publisher` anchored `root`, or zeros where it did not.
     * @return timestamp Block time in seconds since the Unix epoch; 0 means "not anchored".
     * @return blockNumber The block of the anchor.
     * @return leafCount What the publisher said when it anchored.
     *
     * WARNING: A block proposer can shift a block's time by seconds. Don't order two anchors of the same minute by it.
     */
    function anchors(
        address publisher,
        bytes32 root
    ) external view returns (uint64 timestamp, uint64 blockNumber, uint32 leafCount);

    /**
     * @notice Whether the leaf of (`workId`, `certHash`) is in the tree that `publisher` anchored under `root`.
     * @param proof Sibling hashes from the leaf up; empty for a tree of one leaf.
     * @return included False where the path leads elsewhere, and where this publisher never anchored this root.
     * @return timestamp The anchor's block time where `included`, else 0.
     *
     * WARNING: Inclusion proves that the certificate existed at that time and that this publisher knew its hash. It proves
     * neither authorship nor that the certificate is true or still valid. Pass the publisher that you trust, never one
     * that the certificate's holder names.
     *
     * WARNING: `certHash` must be the hash of something unguessable (a signed certificate is), or anyone can test guesses
     * about works that were anchored before they are published.
     */
    function verifyInclusion(
        address publisher,
        bytes32 root,
        bytes32 workId,
        bytes32 certHash,
        bytes32[] calldata proof
    ) external view returns (bool included, uint64 timestamp);

    /**
     * @notice The leaf of a certificate: `keccak256(bytes.concat(keccak256(abi.encode(workId, certHash))))`.
     *
     * Hashed twice, so that no inner node (one hash over two children) can be passed off as a leaf. This is the leaf of
     * OpenZeppelin's StandardMerkleTree for the types (bytes32, bytes32).
     */
    function leafHash(bytes32 workId, bytes32 certHash) external pure returns (bytes32);
}
