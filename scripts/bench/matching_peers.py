"""The methods that `scripts/bench/matching.py` compares: the engine, and what others would use in its place.

Each registers the same pictures and answers the same queries. Hashes and descriptors search exhaustively; ORB votes
through FAISS. A method's `identity` changes whenever an answer might.
"""

import hashlib
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import cv2
import faiss
import numpy as np
from numpy.typing import NDArray

import index
from index import Matcher, hashes
from index.embedders.lite0 import MODEL, MODELS, NETWORK, GemFeatures, Lite0Embedder
from index.matcher import is_content
from index.ports import Embedder, Region
from scripts.attacks.scene import Pixels

KEPT: Final = 10  # answers of a method to one query
Box = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class Answered:
    """Best first; scores are larger for closer. `boxes` says where in the query the method saw a reference; `claimed`
    are those that it calls content of the query at its own threshold, where it has one."""

    answers: tuple[tuple[str, float], ...]
    boxes: dict[str, Box] = field(default_factory=dict)
    claimed: tuple[str, ...] = ()


class Method(ABC):
    """One catalogue of references and a way to ask it."""

    name: str
    identity: str

    @abstractmethod
    def add(self, id_: str, picture: Pixels) -> None: ...

    def finish(self) -> None:  # noqa: B027 - most have nothing to do
        """After the last `add`, before the first `ask`."""

    @abstractmethod
    def ask(self, picture: Pixels) -> Answered: ...


class Engine(Method):
    """`index.Matcher` as it is packaged. What it calls content is ranked before what it does not, then by probability:
    a shared element or a sibling is no claim, however probable it is that pixels are shared."""

    name = "engine"

    def __init__(self, folder: Path | None = None) -> None:
        self._matcher = Matcher.open(folder) if folder else Matcher()
        self.identity = f"index {engine_digest()} {self._matcher.calibration.name}"

    def __contains__(self, id_: str) -> bool:
        return id_ in self._matcher

    def add(self, id_: str, picture: Pixels) -> None:
        if id_ not in self._matcher:  # in the folder since an earlier run
            self._matcher.add([id_], [picture])
            if len(self._matcher) % 1000 == 0:
                self._matcher.seal()

    def finish(self) -> None:
        self._matcher.seal()

    def ask(self, picture: Pixels) -> Answered:
        matches = self._matcher.explain(picture)
        scored = [(match.id, match.probability + is_content(match)) for match in matches]
        return Answered(
            answers=tuple(sorted(scored, key=lambda answer: -answer[1])),
            boxes={m.id: bounds(m.region_query) for m in matches if m.region_query and m.grade != "none"},
            claimed=tuple(match.id for match in matches if is_content(match)),
        )


def bounds(region: Region) -> Box:
    corners = np.clip(np.array(region, np.float64), 0, 1)
    left, top, right, bottom = (float(v) for v in (*corners.min(axis=0), *corners.max(axis=0)))
    return left, top, right, bottom


def engine_digest() -> str:
    """12 hex digits over every file of the engine's code and models."""
    root = Path(index.__file__).parent
    digest = hashlib.sha256()
    for path in sorted(root.rglob("*")):
        if path.is_file() and "__pycache__" not in path.parts:
            digest.update(path.relative_to(root).as_posix().encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:12]


class HashSearch(Method):
    """Hamming distance to every reference; a query may have several hashes."""

    def __init__(self, name: str, package: str, hash_of: Callable[[Pixels], NDArray[Any]], asked: Any = None) -> None:
        self.name, self.identity = name, f"{package} {version(package)}"
        self._hash_of, self._asked = hash_of, asked or hash_of
        self._names: list[str] = []
        self._rows: list[NDArray[Any]] = []
        self._table = np.empty((0, 0), np.uint8)

    def add(self, id_: str, picture: Pixels) -> None:
        self._names.append(id_)
        self._rows.append(self._hash_of(picture))

    def finish(self) -> None:
        self._table = np.stack(self._rows)

    def ask(self, picture: Pixels) -> Answered:
        asked = np.atleast_2d(self._asked(picture))
        distance = hashes.hamming(asked[:, None], self._table[None]).min(axis=0)
        nearest = np.argsort(distance, kind="stable")[:KEPT]
        return Answered(tuple((self._names[i], -float(distance[i])) for i in nearest))


class DescriptorSearch(Method):
    """Cosine with every reference."""

    def __init__(self, name: str, model: str, embed: Callable[[Sequence[Pixels]], NDArray[np.float32]]) -> None:
        self.name, self.identity, self._embed = name, model, embed
        self._names: list[str] = []
        self._rows: list[NDArray[np.float32]] = []
        self._table = np.empty((0, 0), np.float32)

    def add(self, id_: str, picture: Pixels) -> None:
        self._names.append(id_)
        self._rows.append(self._embed([picture])[0])

    def finish(self) -> None:
        self._table = np.stack(self._rows)

    def ask(self, picture: Pixels) -> Answered:
        cosine = self._table @ self._embed([picture])[0]
        nearest = np.argsort(-cosine, kind="stable")[:KEPT]
        return Answered(tuple((self._names[i], float(cosine[i])) for i in nearest))


class OrbVote(Method):
    """500 ORB keypoints (Rublee et al., ICCV 2011) at 480 px vote for their nearest references' pictures; the best ten
    are verified by a MAGSAC homography, and the score is the number of inliers."""

    name = "ORB vote + RANSAC"
    identity = f"opencv {cv2.__version__}, 500 keypoints, 480 px"
    _SIDE, _KEYPOINTS, _NEIGHBOURS, _FAR, _EXHAUSTIVE = 480, 500, 5, 64, 400_000

    def __init__(self) -> None:
        self._orb = cv2.ORB_create(self._KEYPOINTS)
        self._matcher = cv2.BFMatcher(cv2.NORM_HAMMING, crossCheck=True)
        self._names: list[str] = []
        self._features: list[tuple[NDArray[np.float32], NDArray[np.uint8], tuple[int, int]]] = []
        self._owner = np.empty(0, np.int64)
        self._index: Any = None

    def _describe(self, picture: Pixels) -> tuple[NDArray[np.float32], NDArray[np.uint8], tuple[int, int]]:
        factor = min(1.0, self._SIDE / max(picture.shape[:2]))
        gray = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)
        gray = cv2.resize(gray, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA) if factor < 1 else gray
        keypoints, descriptors = self._orb.detectAndCompute(gray, None)
        places = np.array([keypoint.pt for keypoint in keypoints], np.float32).reshape(-1, 2)
        found = np.empty((0, 32), np.uint8) if descriptors is None else np.asarray(descriptors, np.uint8)
        return places, found, (int(gray.shape[1]), int(gray.shape[0]))

    def add(self, id_: str, picture: Pixels) -> None:
        self._names.append(id_)
        self._features.append(self._describe(picture))

    def finish(self) -> None:
        rows = np.concatenate([descriptors for _, descriptors, _ in self._features])
        self._owner = np.repeat(np.arange(len(self._names)), [len(d) for _, d, _ in self._features])
        self._index = faiss.IndexBinaryFlat(256)
        if len(rows) > self._EXHAUSTIVE:
            self._quantizer = faiss.IndexBinaryFlat(256)
            self._index = faiss.IndexBinaryIVF(self._quantizer, 256, int(np.sqrt(len(rows))))
            self._index.nprobe = 32
            self._index.train(rows[:: max(1, len(rows) // 200_000)])
        self._index.add(rows)

    def ask(self, picture: Pixels) -> Answered:
        places, descriptors, size = self._describe(picture)
        if not len(descriptors):
            return Answered(())
        distance, found = self._index.search(descriptors, self._NEIGHBOURS)
        near = found[(distance <= self._FAR) & (found >= 0)]
        votes = np.bincount(self._owner[near], minlength=len(self._names))
        answers, boxes = [], {}
        for row in np.argsort(-votes, kind="stable")[:KEPT]:
            inliers, matrix = self._verify(places, descriptors, int(row))
            answers.append((self._names[row], float(inliers)))
            if matrix is not None:
                boxes[self._names[row]] = _projected_box(matrix, self._features[row][2], size)
        return Answered(tuple(sorted(answers, key=lambda answer: -answer[1])), boxes)

    def _verify(
        self, places: NDArray[np.float32], descriptors: NDArray[np.uint8], row: int
    ) -> tuple[int, NDArray[np.float64] | None]:
        theirs, their_descriptors, _ = self._features[row]
        pairs = self._matcher.match(their_descriptors, descriptors) if len(their_descriptors) else []
        if len(pairs) < 4:
            return 0, None
        before, after = theirs[[p.queryIdx for p in pairs]], places[[p.trainIdx for p in pairs]]
        cv2.setRNGSeed(0)
        matrix, inliers = cv2.findHomography(before, after, cv2.USAC_MAGSAC, 4.0)
        return (0, None) if matrix is None else (int(inliers.sum()), np.asarray(matrix, np.float64))


def _projected_box(matrix: NDArray[np.float64], size: tuple[int, int], in_query: tuple[int, int]) -> Box:
    corners = np.array([(0, 0), (size[0], 0), size, (0, size[1])], np.float64)[None]
    there = cv2.perspectiveTransform(corners, matrix)[0] / in_query
    return bounds(tuple((float(x), float(y)) for x, y in there))


def embedder_search(name: str, embedder: Embedder) -> Method:
    return DescriptorSearch(name, embedder.model, embedder.embed)


def _lite0_gem() -> Method:
    return DescriptorSearch("EffNet-Lite0 GeM", f"{MODEL} before whitening", GemFeatures(MODELS / NETWORK))


def _pdq(picture: Pixels) -> NDArray[np.uint8]:
    return hashes.pdq(picture)[0]


def _sscd(weights: Path) -> Method:
    """Trusted for this run: nothing is written beside the operator's weights."""
    from index.embedders.sscd import SscdEmbedder, enrol  # TorchScript needs torch

    with TemporaryDirectory() as folder:
        golden = enrol(weights, golden=Path(folder) / "golden.json")
        return embedder_search("SSCD", SscdEmbedder(weights, golden=golden))


def _clip(architecture: str, weights: str) -> Method:
    from index.embedders.clip import ClipEmbedder, enrol  # torch

    with TemporaryDirectory() as folder:
        golden = enrol(architecture, weights, golden=Path(folder) / "golden.json")
        return embedder_search(f"CLIP {architecture}", ClipEmbedder(architecture, weights, device="cpu", golden=golden))


PEERS: Final[dict[str, Callable[[], Method]]] = {
    "engine": Engine,
    "phash": lambda: HashSearch("pHash", "imagehash", hashes.phash),
    "pdq": lambda: HashSearch("PDQ", "pdqhash", _pdq),
    "pdq8": lambda: HashSearch("PDQ, 8 orientations", "pdqhash", _pdq, lambda p: hashes.pdq_dihedral(p)[0]),
    "effnet": _lite0_gem,
    "lite0": lambda: embedder_search("Lite0, whitened", Lite0Embedder()),
    "orb": OrbVote,
}


def with_weights(sscd: Path | None, clip: tuple[str, str] | None) -> dict[str, Callable[[], Method]]:
    """The peers that need weights which the caller brings."""
    found: dict[str, Callable[[], Method]] = {}
    if sscd:
        found["sscd"] = lambda: _sscd(sscd)
    if clip:
        found["clip"] = lambda: _clip(*clip)
    return found
