"""Plug-ins: the built-ins register like everybody else, and what is wrong is said in words."""

from importlib.metadata import EntryPoint

import pytest

from provenance import plugins
from provenance.core.errors import Misconfigured, NotFound


def installed(monkeypatch: pytest.MonkeyPatch, *points: tuple[str, str]) -> None:
    def entry_points(*, group: str) -> list[EntryPoint]:
        return [EntryPoint(name, value, group) for name, value in points]

    monkeypatch.setattr(plugins, "entry_points", entry_points)


@pytest.mark.parametrize(
    ("group", "name"),
    [("generators", "procedural"), ("watermarkers", "lattice"), ("fingerprinters", "lite0"), ("signers", "file")],
)
def test_the_built_ins_are_there_and_load(group: str, name: str) -> None:
    assert name in plugins.available(group)
    assert callable(plugins.load(group, name))


def test_every_group_has_a_built_in() -> None:
    assert all(plugins.available(group) for group in plugins.GROUPS)


def test_asking_what_there_is_loads_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    installed(monkeypatch, ("oil", "not_installed_anywhere:Oil"))
    assert list(plugins.available("generators")) == ["oil"]


def test_an_unknown_name_says_which_there_are(monkeypatch: pytest.MonkeyPatch) -> None:
    installed(monkeypatch, ("oil", "oil:Oil"), ("ink", "ink:Ink"))
    with pytest.raises(NotFound, match="'fresco' among generators") as caught:
        plugins.load("generators", "fresco")
    assert caught.value.hint == "installed: ink, oil"


def test_no_plug_in_at_all_is_said_too(monkeypatch: pytest.MonkeyPatch) -> None:
    installed(monkeypatch)
    with pytest.raises(NotFound) as caught:
        plugins.load("generators", "oil")
    assert caught.value.hint == "installed: none"


def test_what_a_plug_in_lacks_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    installed(monkeypatch, ("oil", "not_installed_anywhere:Oil"))
    with pytest.raises(Misconfigured, match="'oil' needs not_installed_anywhere"):
        plugins.load("generators", "oil")


def test_two_packages_with_one_name_are_not_chosen_between(monkeypatch: pytest.MonkeyPatch) -> None:
    installed(monkeypatch, ("oil", "one:Oil"), ("oil", "other:Oil"))
    with pytest.raises(Misconfigured, match="two packages register 'oil'"):
        plugins.available("generators")


def test_one_package_that_is_listed_twice_is_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """As happens with an editable install beside a wheel."""
    installed(monkeypatch, ("oil", "one:Oil"), ("oil", "one:Oil"))
    assert list(plugins.available("generators")) == ["oil"]
