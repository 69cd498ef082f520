"""`provenance watch`."""

from pathlib import Path

from tests.cli import Stock, cli
from tests.service import decoded, encoded, scene


def blobs(stock: Stock) -> int:
    return sum(1 for path in (stock.home / "blobs").rglob("*") if path.is_file())


def test_an_upload_from_the_list_to_its_hits_and_its_end(stock: Stock, tmp_path: Path) -> None:
    before = blobs(stock)
    shop = tmp_path / "shop"
    shop.mkdir()
    harbour = decoded(stock.pictures["harbour"].read_bytes())
    (shop / "mug.jpg").write_bytes(encoded(harbour[12:230, 16:300], "JPEG", quality=80))
    (shop / "new.png").write_bytes(encoded(scene(920)[8:-8, 8:-8]))
    (shop / "broken.png").write_bytes(b"broken")
    done = cli("watch", "add", shop, "--json")
    assert done.code == 1  # of the broken one
    told = {Path(line["file"]).name: line for line in done.lines}
    assert told["broken.png"]["error"] == "unsupported-format"
    assert [hit["work_id"] for hit in told["mug.jpg"]["hits"]] == [stock.ids["harbour"]]
    assert told["new.png"]["hits"] == []
    assert {line["title"] for line in cli("watch", "list", "--json").lines} == {"mug", "new"}
    assert "mug" in cli("watch", "list").out

    art = tmp_path / "art.png"
    art.write_bytes(encoded(scene(920)))
    registered = cli("register", art, "--out", tmp_path / "out", "--json").answer
    last = cli("watch", "hits", "--json").lines[-1]["id"]
    run_worker()
    (hit,) = cli("watch", "hits", "--after", last, "--json").lines
    assert (hit["work_id"], hit["watch_id"]) == (registered["id"], told["new.png"]["id"])
    assert registered["id"] in cli("watch", "hits", told["new.png"]["id"]).out

    for name in ("mug.jpg", "new.png"):
        assert cli("watch", "remove", told[name]["id"]).code == 0
    assert cli("watch", "hits", "--json").lines == []
    assert blobs(stock) == before + 2  # the new work's file and its manifest store
    assert cli("watch", "remove", told["mug.jpg"]["id"]).code == 5


def run_worker() -> None:
    from provenance.faces.cli import opened

    with opened.service() as service:
        service.tick()


def test_what_can_not_be_watched_is_said(stock: Stock) -> None:
    assert cli("watch", "add", stock.pictures["harbour"], "--licensee", "jo@example.org").code == 2
    assert cli("watch", "add", "nothing.png").code == 5
