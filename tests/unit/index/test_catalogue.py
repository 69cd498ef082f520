"""Descriptors that have become many are sealed, and answers stay what they were."""

import pytest

from index import Matcher
from index.embedders.lite0 import Lite0Embedder
from index.vectors import Choice
from index.vectors import layered as layered_module
from tests.unit.index.scenes import scene


def test_many_descriptors_are_sealed_and_still_found_and_removed(monkeypatch: pytest.MonkeyPatch):
    embedder = Lite0Embedder()
    pictures = [scene(seed, 120, 160) for seed in range(24)]
    matcher = Matcher(embedder=embedder)
    monkeypatch.setattr(layered_module, "FLAT_LIMIT", 20)
    monkeypatch.setattr(layered_module, "choose", lambda count, dim: Choice("PQ64x4fs", rerank=50))
    matcher.add([f"w{n}" for n in range(24)], pictures)

    vectors = matcher._catalogue._vectors[embedder.model]
    assert vectors.base is not None
    assert len(vectors) == 24
    assert matcher.match(pictures[7])[0].id == "w7"
    found = {match.id for match in matcher.explain(pictures[7][:, ::-1].copy())}
    assert "w7" in found

    matcher.remove(["w7"])
    assert "w7" not in {match.id for match in matcher.explain(pictures[7])}
