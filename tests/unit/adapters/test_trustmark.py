"""TrustMark behind the port: Adobe's package with networks that the tests make, or a stand-in with its documented
interface where the package is not installed. Adobe's own weights are in tests/contract, where they are there."""

import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from provenance.adapters.trustmark import TrustmarkWatermarker
from provenance.core.errors import CannotHoldMark, InvalidRequest, Misconfigured, Unavailable
from tests.service import encoded, scene, service_settings
from tests.unit.watermark.conftest import jpeg, load

pytest.importorskip("torch")
from tests.trustmark_nets import UNTRAINED, installed, write_weights

pytestmark = [
    pytest.mark.clip,
    pytest.mark.filterwarnings("ignore"),  # torch, lightning and omegaconf warn of each other
]
KEYS = {"new": b"contract key, long enough", "old": b"an old contract key"}
PAYLOAD = 0xFEDC_BA98_7654_3210


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("weights")
    for variant in "CP":
        write_weights(folder, variant=variant)
    return folder


@pytest.fixture(scope="module", autouse=True)
def package(weights: Path) -> Iterator[Any]:
    """The package, which lists the checksums of our files."""
    with installed(weights) as found:
        yield found


@pytest.fixture(scope="module")
def marker(package: Any, weights: Path) -> TrustmarkWatermarker:
    return TrustmarkWatermarker(KEYS, "new", variant="C", weights=weights)


@pytest.fixture(scope="module")
def marked(marker: TrustmarkWatermarker) -> np.ndarray:
    return marker.embed(load("photo-alps.jpg"), PAYLOAD)


class TestPort:
    def test_its_name_tells_variant_weights_and_version(self, marker: TrustmarkWatermarker):
        *scheme, variant, digest, version = marker.alg.split(".")
        assert (scheme, variant, version) == (["art", "provenance", "trustmark"], "c", "1")
        assert len(digest) == 16
        assert int(digest, 16)

    @pytest.mark.parametrize("quarters", range(4))
    def test_a_turned_picture_says_how(self, marker: TrustmarkWatermarker, marked: np.ndarray, quarters: int):
        found = marker.detect(np.rot90(marked, quarters).copy())
        assert (found.payload, found.rotation) == (PAYLOAD, {0: 0, 1: 90, 2: 180, 3: -90}[quarters])

    def test_it_reads_with_all_keys_and_marks_with_the_current(self, marked: np.ndarray, weights: Path):
        moved = TrustmarkWatermarker({**KEYS, "newest": b"a key of this year"}, "newest", variant="C", weights=weights)
        assert moved.detect(marked).key_id == "new"
        assert moved.key_id == "newest"
        assert moved.detect(moved.embed(marked, 7)).payload == 7
        alone = TrustmarkWatermarker({"newest": b"a key of this year"}, "newest", variant="C", weights=weights)
        assert alone.detect(marked) is None

    def test_a_ring_is_less_certain_by_each_key(self, marker: TrustmarkWatermarker, marked: np.ndarray):
        assert marker.detect(marked).confidence == 1 - 2 * 4 * 4096 / 2**36

    def test_what_it_does_not_know_of_geometry_is_not_there(self, marker: TrustmarkWatermarker, marked: np.ndarray):
        assert marker.detect(marked).grid is None

    @pytest.mark.parametrize(("width", "height"), [(700, 200), (200, 700)])
    def test_of_a_wide_picture_the_square_in_its_middle_is_marked(self, marker, width: int, height: int):
        pixels = scene(5, width=width, height=height)
        marked = marker.embed(pixels, PAYLOAD)
        region = np.array(marker.locate(marked, marker.detect(marked))) * (width, height)
        (left, top), (right, bottom) = region.min(axis=0), region.max(axis=0)
        assert (right - left, bottom - top) == pytest.approx((200, 200))
        changed = np.argwhere((marked != pixels).any(axis=2))
        assert (changed.min(axis=0) >= (round(top), round(left))).all()
        assert (changed.max(axis=0) < (round(bottom), round(right))).all()
        assert len(changed) > 10_000

    def test_variant_p_always_marks_the_middle(self, weights: Path):
        marker = TrustmarkWatermarker(KEYS, "new", variant="P", weights=weights)
        marked = marker.embed(scene(6, width=300, height=200), PAYLOAD)
        assert marker.locate(marked, marker.detect(marked))[0] == pytest.approx((1 / 6, 0))

    def test_a_mark_of_another_ring_is_not_located(self, marker: TrustmarkWatermarker, marked: np.ndarray):
        assert marker.locate(marked, replace(marker.detect(marked), key_id="elsewhere")) is None

    def test_compression_and_size_are_survived(self, marker: TrustmarkWatermarker, marked: np.ndarray):
        import cv2

        small = cv2.resize(jpeg(marked, 60), None, fx=0.6, fy=0.6, interpolation=cv2.INTER_AREA)
        assert marker.detect(small).payload == PAYLOAD

    @pytest.mark.parametrize("shape", [(100, 400, 3), (149, 149, 3)])
    def test_small_pictures_are_refused(self, marker: TrustmarkWatermarker, shape: tuple[int, ...]):
        with pytest.raises(CannotHoldMark, match="too small"):
            marker.embed(np.zeros(shape, np.uint8), 1)

    def test_a_mark_that_is_not_read_back_is_refused_after_more_strength(self, weights: Path):
        strengths = []

        class Weak:
            name = "c.0"

            def encode(self, pixels, message, *, strength):
                strengths.append(strength)
                return pixels.copy()

            def read(self, pixels):
                return np.random.default_rng(0).normal(size=(4, 100)).astype(np.float32)

        marker = TrustmarkWatermarker(KEYS, "new", networks=lambda *_: Weak())
        with pytest.raises(CannotHoldMark, match="could not be read back") as refused:
            marker.embed(scene(1), 1)
        assert strengths == [1.0, 1.5]
        assert "lattice" in refused.value.hint

    @pytest.mark.parametrize(
        "pixels", [np.zeros((200, 200), np.uint8), np.zeros((200, 200, 4), np.uint8), np.zeros((200, 200, 3))]
    )
    def test_other_arrays_are_refused(self, marker: TrustmarkWatermarker, pixels: np.ndarray):
        for use in (marker.detect, lambda p: marker.embed(p, 1)):
            with pytest.raises(InvalidRequest, match="uint8"):
                use(pixels)


class TestLoading:
    def load(self, folder: Path | None, **options: Any) -> TrustmarkWatermarker:
        return TrustmarkWatermarker(KEYS, "new", **{"variant": "C", "weights": folder} | options)

    def test_a_file_that_is_missing_is_named(self, tmp_path: Path):
        with pytest.raises(Misconfigured, match=r"trustmark_C\.yaml is missing") as refused:
            self.load(tmp_path)
        assert "encoder_C.ckpt, decoder_C.ckpt" in refused.value.hint

    def test_a_file_that_is_not_adobes_runs_nothing(self, tmp_path: Path, weights: Path):
        for path in weights.glob("*_C.*"):
            (tmp_path / path.name).write_bytes(path.read_bytes())
        (tmp_path / "decoder_C.ckpt").write_bytes(b"not what was published")
        with pytest.raises(Misconfigured, match=r"decoder_C\.ckpt is not the file"):
            self.load(tmp_path)

    def test_networks_that_do_not_belong_together_are_refused(self, tmp_path: Path, package: Any, monkeypatch):
        for name, checksum in write_weights(tmp_path, decoder_seed=2).items():
            monkeypatch.setitem(package.MODEL_CHECKSUMS, name, checksum)
        with pytest.raises(Misconfigured, match=r"don't read their own mark: [3-6]\d of 100 bits"):
            self.load(tmp_path)

    def test_files_that_torch_can_not_read_are_a_wrong_setting(self, tmp_path: Path, package: Any, monkeypatch):
        import hashlib

        write_weights(tmp_path)
        (tmp_path / "decoder_C.ckpt").write_bytes(b"rubbish")
        for path in tmp_path.iterdir():
            monkeypatch.setitem(package.MODEL_CHECKSUMS, path.name, hashlib.md5(path.read_bytes()).hexdigest())
        with pytest.raises(Misconfigured, match="TrustMark C can't be loaded"):
            self.load(tmp_path)

    def test_without_a_folder_the_package_fetches_and_what_came_is_checked(
        self, tmp_path: Path, weights: Path, package: Any, monkeypatch
    ):
        fetched = []

        def fetch(_self: object, filename: str) -> None:
            fetched.append(Path(filename).name)
            Path(filename).parent.mkdir(exist_ok=True)
            Path(filename).write_bytes((weights / Path(filename).name).read_bytes())

        monkeypatch.setattr(package, "__file__", str(tmp_path / "trustmark.py"))
        monkeypatch.setattr(package.TrustMark, "check_and_download", fetch)
        first = self.load(None)
        assert fetched == ["trustmark_C.yaml", "encoder_C.ckpt", "decoder_C.ckpt"]
        assert self.load(None).alg == first.alg == self.load(weights).alg
        assert len(fetched) == 3, "what is there is not fetched again"

    def test_a_server_that_does_not_answer_is_unavailable(self, tmp_path: Path, package: Any, monkeypatch):
        def fetch(_self: object, filename: str) -> None:
            raise OSError("no route to host")

        monkeypatch.setattr(package, "__file__", str(tmp_path / "trustmark.py"))
        monkeypatch.setattr(package.TrustMark, "check_and_download", fetch)
        with pytest.raises(Unavailable, match="no route to host") as refused:
            self.load(None)
        assert "PROVENANCE_TRUSTMARK_WEIGHTS" in refused.value.hint

    def test_without_the_package_the_extra_is_named(self, weights: Path, monkeypatch):
        monkeypatch.setitem(sys.modules, "trustmark.trustmark", None)
        with pytest.raises(Misconfigured) as refused:
            self.load(weights)
        assert "provenance-art[trustmark]" in refused.value.hint

    def test_what_the_package_says_is_not_mixed_with_results(self, weights: Path, capsys):
        self.load(weights)
        assert capsys.readouterr().out == ""

    @pytest.mark.parametrize(("keys", "current"), [({"a": b"x" * 16}, "b"), ({"a": b"short"}, "a")])
    def test_keys_are_looked_at_first(self, keys: dict[str, bytes], current: str):
        with pytest.raises(Misconfigured):
            TrustmarkWatermarker(keys, current, weights=Path("nowhere"))


class TestAdobesPackage:
    """Only where it is installed."""

    @pytest.fixture(autouse=True)
    def own(self, package: Any):
        if not hasattr(package.TrustMark, "remove_watermark"):
            pytest.skip("the package trustmark is not installed")

    def test_our_reader_is_as_its_own_before_the_bits_are_hard(self, marker, marked: np.ndarray, weights: Path):
        networks = marker._networks
        hard, found, _ = networks._model.decode(Image.fromarray(marked), MODE="binary")
        assert found
        assert "".join("1" if value > 0 else "0" for value in networks.read(marked)[0]) == hard
        for quarter in (1, 2, 3):
            turned = Image.fromarray(np.rot90(marked, quarter).copy())
            assert (
                "".join("01"[int(v > 0)] for v in networks.read(marked)[quarter]) == networks._model.decode(turned)[0]
            )

    def test_untrained_networks_of_its_own_architecture_are_refused(self, tmp_path: Path, package: Any, monkeypatch):
        import hashlib

        import torch
        from trustmark.unet import SecretDecoder, Unet1

        torch.manual_seed(0)
        (tmp_path / "trustmark_C.yaml").write_text(UNTRAINED)
        for part, network in (("encoder", Unet1()), ("decoder", SecretDecoder())):
            state = {f"{part}.{name}": value for name, value in network.state_dict().items()}
            torch.save({"state_dict": state, "global_step": 0, "epoch": 0}, tmp_path / f"{part}_C.ckpt")
        for path in tmp_path.iterdir():
            monkeypatch.setitem(package.MODEL_CHECKSUMS, path.name, hashlib.md5(path.read_bytes()).hexdigest())
        with pytest.raises(Misconfigured, match="don't read their own mark"):
            TrustmarkWatermarker(KEYS, "new", variant="C", weights=tmp_path)


class TestService:
    def test_a_work_is_registered_and_found_by_its_mark(self, tmp_path: Path, weights: Path, monkeypatch):
        from provenance import plugins
        from provenance.usecases.check import Query
        from provenance.usecases.register import Submission
        from provenance.wiring import Service

        monkeypatch.setattr(
            plugins,
            "load",
            lambda group, name, real=plugins.load: (
                TrustmarkWatermarker if (group, name) == ("watermarkers", "trustmark") else real(group, name)
            ),
        )
        options = {"watermarker": "trustmark", "trustmark_variant": "C", "trustmark_weights": weights}
        with Service(service_settings(tmp_path / "home", **options)) as service:
            service.start()
            work = service.register(Submission(data=encoded(scene(400)), owner="ann"))
            assert work.mark_alg == service.watermarker.alg
            marked = service.images.read(service.blobs.get(work.marked_blob)).pixels
            report = service.check(Query(data=encoded(jpeg(marked, 80)), owner="ann")).report
        assert report["mark"]["work_id"] == str(work.id)
        assert (report["mark"]["scale"], report["mark"]["mirrored"]) == (None, None)
        assert report["grade"] == "copy"

    def test_the_entry_point_is_there(self):
        import tomllib

        project = tomllib.loads((Path(__file__).parents[3] / "pyproject.toml").read_text())["project"]
        assert project["entry-points"]["provenance.watermarkers"]["trustmark"] == (
            f"{TrustmarkWatermarker.__module__.rpartition('.')[0]}:{TrustmarkWatermarker.__name__}"
        )
        assert not any("trustmark" in extra for extra in project["optional-dependencies"]["all"])
