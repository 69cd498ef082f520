// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {MerkleProof} from "@openzeppelin/contracts/utils/cryptography/MerkleProof.sol";

import {IProvenanceRegistry} from "./IProvenanceRegistry.sol";

/**
 * @title ProvenanceRegistry
 * @notice The first registry: batch anchors and inclusion checks.
 *
 * It has no owner, no proxy, no pause and takes no funds. There is nothing to steal and nobody who could change or remove
 * an anchor. A registry that can do more is a new deployment; what was anchored here stays here.
 *
 * WARNING: A lost or stolen publisher key can't be revoked here. Whoever holds it can add anchors, never change the
 * earlier ones; readers stop trusting that publisher for later times.
 */
contract ProvenanceRegistry is IProvenanceRegistry {
    /// One storage slot: 8 + 8 + 4 bytes. Storage proofs rely on this layout (slot 0, keyed by publisher, then root).
    struct Anchor {
        uint64 timestamp;
        uint64 blockNumber;
        uint32 leafCount;
    }

    /// @inheritdoc IProvenanceRegistry
    mapping(address publisher => mapping(bytes32 root => Anchor)) public anchors;

    /// @inheritdoc IProvenanceRegistry
    function anchorBatch(bytes32 root, uint32 leafCount, string calldata manifestURI) external {
        if (root == 0) revert ZeroRoot();
        if (leafCount == 0) revert NoLeaves();
        Anchor storage anchor = anchors[msg.sender][root];
        if (anchor.timestamp != 0) revert AlreadyAnchored(msg.sender, root);

        anchor.timestamp = uint64(block.timestamp);
        anchor.blockNumber = uint64(block.number);
        anchor.leafCount = leafCount;
        emit BatchAnchored(msg.sender, root, leafCount, manifestURI);
    }

    /// @inheritdoc IProvenanceRegistry
    function verifyInclusion(
        address publisher,
        bytes32 root,
        bytes32 workId,
        bytes32 certHash,
        bytes32[] calldata proof
    ) external view returns (bool included, uint64 timestamp) {
        timestamp = anchors[publisher][root].timestamp;
        included = timestamp != 0 && MerkleProof.verifyCalldata(proof, root, leafHash(workId, certHash));
        if (!included) timestamp = 0;
    }

    /// @inheritdoc IProvenanceRegistry
    function leafHash(bytes32 workId, bytes32 certHash) public pure returns (bytes32) {
        return keccak256(bytes.concat(keccak256(abi.encode(workId, certHash))));
    }
}
