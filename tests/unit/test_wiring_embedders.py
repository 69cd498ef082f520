"""Embedders that the settings name, with weights that the tests make."""

from pathlib import Path

import pytest

from provenance.core.errors import Misconfigured
from provenance.wiring import Service
from provenance.wiring.embedders import configured, load
from tests.copy_networks import DIM, write_onnx
from tests.service import service_settings


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    from index.embedders.sscd import enrol

    path = write_onnx(tmp_path / "tiny.onnx")
    enrol(path)
    return path


def test_options_go_to_the_plug_in_that_takes_them(tmp_path: Path, weights: Path) -> None:
    asked = service_settings(
        tmp_path, embedder="lite0, sscd,clip", sscd_weights=weights, clip_architecture="RN50", clip_weights="yfcc15m"
    )
    assert configured(asked) == (
        {"plugin": "lite0"},
        {"plugin": "sscd", "weights": str(weights)},
        {"plugin": "clip", "architecture": "RN50", "weights": "yfcc15m"},
    )


def test_weights_that_are_not_named_are_asked_for(tmp_path: Path) -> None:
    with pytest.raises(Misconfigured, match="SSCD needs PROVENANCE_SSCD_WEIGHTS"):
        configured(service_settings(tmp_path, embedder="sscd"))


def test_a_source_is_loaded_by_its_plug_in(weights: Path) -> None:
    (embedder,) = load([{"plugin": "sscd", "weights": str(weights)}])
    assert embedder.dim == DIM
    assert embedder.model.startswith("sscd-onnx/")


@pytest.mark.parametrize("names", ["", "lite0,", "lite0,,clip", "lite0,clip,lite0"])
def test_a_list_of_names_with_a_gap_or_a_twin_is_refused(tmp_path: Path, names: str) -> None:
    with pytest.raises(ValueError, match="names of plug-ins"):
        service_settings(tmp_path, embedder=names)


def test_the_index_has_them_all_the_first_one_as_the_primary(tmp_path: Path, weights: Path) -> None:
    with Service(service_settings(tmp_path / "home", embedder="lite0,sscd", sscd_weights=weights)) as service:
        service.store.migrate()
        models = service.matcher.models
        assert models[0].startswith("efficientnet-lite0")
        assert models[-1].startswith("sscd-onnx/")
        assert not service.local_matcher.calibration.name.endswith("+no-descriptor")


def test_weights_that_nobody_trusted_are_a_wrong_setting(tmp_path: Path) -> None:
    path = write_onnx(tmp_path / "new.onnx")
    with Service(service_settings(tmp_path / "home", embedder="lite0,sscd", sscd_weights=path)) as service:
        service.store.migrate()
        with pytest.raises(Misconfigured, match="trust the weights once"):
            _ = service.local_matcher
