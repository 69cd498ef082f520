"""Checks with kept pictures, their deletion, and the stored explanation."""

import numpy as np
import pytest

from provenance.core.digests import file_digest
from provenance.core.errors import NotFound, Unavailable
from provenance.core.records import Check
from provenance.core.report import FalseAlarms
from provenance.core.types import WorkId
from provenance.usecases.explain import MAX_CONSIDERED, Explain, explanation
from provenance.usecases.kept import KEPT, KeptChecks
from tests.doubles import Resemblance
from tests.unit.usecases.conftest import Studio, painting, png


def kept(studio: Studio) -> KeptChecks:
    return KeptChecks(store=studio.store, blobs=studio.blobs)


def test_by_default_no_picture_is_kept(studio: Studio) -> None:
    check = studio.ask(png(painting(1)))
    assert check.report[KEPT] is None
    assert kept(studio).picture(check) is None
    with pytest.raises(NotFound):
        studio.blobs.get(file_digest(png(painting(1))))


def test_a_kept_picture_comes_back_as_it_was(studio: Studio) -> None:
    check = studio.ask(png(painting(1)), keep=True)
    assert kept(studio).picture(check) == png(painting(1))
    assert kept(studio).get(check.id, owner="studio") == check


def test_deleting_takes_the_picture_and_the_check(studio: Studio) -> None:
    check = studio.ask(png(painting(1)), keep=True)
    kept(studio).delete(check.id, owner="studio")
    with pytest.raises(NotFound):
        studio.blobs.get(check.report[KEPT])
    with pytest.raises(NotFound):
        kept(studio).get(check.id, owner=None)
    with pytest.raises(NotFound):
        kept(studio).delete(check.id, owner=None)


def test_deleting_a_check_of_a_registered_file_leaves_the_file(studio: Studio) -> None:
    """Blobs are named by their content: the marked file itself was checked, twice."""
    work = studio.registered(1)
    one, two = (studio.ask(studio.file(work), keep=True) for _ in range(2))
    kept(studio).delete(one.id, owner="studio")
    assert studio.file(work) == kept(studio).picture(two)


def test_others_get_and_delete_nothing(studio: Studio) -> None:
    check = studio.ask(png(painting(1)), keep=True)
    for call in (kept(studio).get, kept(studio).delete):
        with pytest.raises(NotFound, match="of yours"):
            call(check.id, owner="somebody else")
    assert kept(studio).picture(check) == png(painting(1))


def test_a_picture_that_went_while_its_check_stayed_is_not_there(studio: Studio) -> None:
    """What a crash between the two deletions leaves; deleting again ends it."""
    check = studio.ask(png(painting(1)), keep=True)
    studio.blobs.delete(check.report[KEPT])
    assert kept(studio).picture(check) is None
    kept(studio).delete(check.id, owner="studio")


def test_a_check_that_was_not_stored_leaves_no_picture(studio: Studio, monkeypatch: pytest.MonkeyPatch) -> None:
    put: list[str] = []
    store_blob = studio.blobs.put
    monkeypatch.setattr(studio.blobs, "put", lambda data: put.append(store_blob(data)) or put[-1])

    def refuse() -> None:
        raise Unavailable("no database")

    picture = png(painting(1))
    monkeypatch.setattr(studio.store, "unit", refuse)
    with pytest.raises(Unavailable):
        studio.ask(picture, keep=True)
    (digest,) = put
    with pytest.raises(NotFound):
        studio.blobs.get(digest)


# ---- explanations


def explained(studio: Studio, check: Check) -> dict:
    return Explain(store=studio.store)(check)


def test_every_work_that_was_considered_is_told_with_its_scores(studio: Studio) -> None:
    near, far = studio.registered(1), studio.registered(2)
    check = studio.ask(png(np.clip(painting(1).astype(int) + 3, 0, 255).astype(np.uint8)))
    told = explained(studio, check)
    assert [(entry["work_id"], entry["grade"]) for entry in told["considered"]] == [
        (str(near.id), "copy"),
        (str(far.id), "none"),
    ]
    assert [match["work_id"] for match in check.report["matches"]] == [str(near.id)]
    first, second = (entry["evidence"][0] for entry in told["considered"])
    assert first["speaks"]
    assert not second["speaks"]
    assert (told["count"], told["stopped"], told["check_id"]) == (2, "exhausted", check.id)
    assert set(told["milliseconds"]) == {"decode", "mark", "match", "record"}


def test_a_digest_ends_the_search_before_it_begins(studio: Studio) -> None:
    work = studio.registered(1)
    told = explained(studio, studio.ask(studio.file(work)))
    (entry,) = told["considered"]
    assert (told["stopped"], told["count"], entry["work_id"]) == ("digest", 1, str(work.id))
    assert (entry["grade"], entry["proposed_by"], entry["decisive"]) == ("identical", ["digest"], True)
    assert [witness["kind"] for witness in entry["evidence"]] == ["file"]


def test_withdrawn_works_leave_it(studio: Studio) -> None:
    work = studio.registered(2)
    check = studio.ask(png(painting(1)))
    assert len(explained(studio, check)["considered"]) == 1
    studio.withdraw(work.id, owner="studio")
    assert explained(studio, check)["considered"] == []


def test_a_check_of_before_explanations_has_an_empty_one(studio: Studio) -> None:
    check = studio.ask(png(painting(1)))
    old = Check(check.id, check.owner, check.created_at, {k: v for k, v in check.report.items() if k != "explanation"})
    assert explained(studio, old)["considered"] == []


def a_match(number: int, *ways: str, decisive: bool = False) -> Resemblance:
    return Resemblance(str(WorkId(number)), "copy", 0.5, (), proposed_by=ways, decisive=decisive)


@pytest.mark.parametrize(
    ("matches", "stopped"),
    [
        ((a_match(1, "named", "pixels", decisive=True),), "pixels"),
        ((a_match(1, "pdq"), a_match(2, "pdq", decisive=True)), "pdq"),
        ((a_match(1, "pdq", "votes"), a_match(2, "descriptor")), "exhausted"),
        ((), "exhausted"),
    ],
)
def test_where_the_search_stopped(matches: tuple[Resemblance, ...], stopped: str) -> None:
    assert explanation(matches, {})["stopped"] == stopped


def test_what_the_calibrations_said_is_stored_with_it(studio: Studio) -> None:
    studio.false_alarms = (FalseAlarms(threshold=0.5, rate=0.02, upper=0.03, queries=400),)
    studio.registered(1)
    told = explained(studio, studio.ask(png(painting(9))))
    assert told["calibrations"] == {
        "thumbnail-steps-1": {
            "strict": 0.85,
            "review": 0.25,
            "false_alarms": [{"threshold": 0.5, "rate": 0.02, "upper": 0.03, "queries": 400}],
        }
    }
    assert told["considered"][0]["proposed_by"] == ["descriptor"]


def test_what_is_stored_is_bounded() -> None:
    told = explanation([a_match(number, "votes") for number in range(MAX_CONSIDERED + 5)], {})
    assert (len(told["considered"]), told["count"]) == (MAX_CONSIDERED, MAX_CONSIDERED + 5)
