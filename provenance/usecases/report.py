"""A report on a check that can be put in front of somebody else: what was found, where, and what the register says."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final, Protocol

from provenance.core.ports import Aligned, Blobs, Images, Matcher, Store, Unit
from provenance.core.records import Check, Work, WorkStatus
from provenance.core.report import (
    Asked,
    Calibrated,
    FalseAlarms,
    Finding,
    Licence,
    Limits,
    LogPlace,
    Mark,
    Placement,
    Receipt,
    Record,
    Report,
    Shot,
    Witness,
)
from provenance.core.types import Grade, Picture, Region, WorkId
from provenance.usecases.anchor import receipts
from provenance.usecases.catch_up import catch_up
from provenance.usecases.revoke import standing_word

if TYPE_CHECKING:
    from provenance.core.types import Pixels

MAX_DRAWN: Final = 5
"""Findings that get pictures: a report is a document, not an archive."""

_NOTHING_SHARED: Final = frozenset({"sibling", "similar", "none"})
"""Grades that show no content in both pictures."""


class Drawing(Protocol):
    """Makes the pictures of a report. The same pixels give the same file."""

    def small(self, pixels: "Pixels") -> Shot: ...
    def laid_over(self, query: "Pixels", work: "Pixels", transform: Sequence[Sequence[float]]) -> Shot:
        """The work, uint8[H, W, 3], warped onto the query, in the query's frame. `transform` has the rows of the 3x3
        matrix from work to query, both 0..1."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MakeReport:
    store: Store
    blobs: Blobs
    images: Images
    matcher: Matcher
    drawing: Drawing
    base_url: str | None = None

    def __call__(self, check: Check, *, query: Picture | None, viewer: str | None) -> Report:
        """`query` is the picture that was checked, None where it was not kept. Works' pictures are for their owner,
        the `viewer`; None is an administrator, who sees all. It depends on the check and on what the register says now.

        Raises Unavailable.
        """
        catch_up(self.store, self.matcher)
        matches: Sequence[Mapping[str, Any]] = check.report["matches"]
        found = self._records(matches)
        live = [match for match in matches if match["work_id"] in found]
        findings = [self._finding(match, found[match["work_id"]][1], check) for match in live]
        for place, finding in enumerate(findings[:MAX_DRAWN]):
            work = found[finding.record.work_id][0]
            findings[place] = self._drawn(finding, work, query, may_see=viewer in (None, work.owner))
        return Report(
            check_id=check.id,
            created_at=check.created_at,
            grade=min((finding.grade for finding in findings), key=lambda grade: grade.rank, default=Grade.NONE),
            asked=self._asked(check.report["query"], query),
            mark=_mark(
                check.report["mark"], self._live_id(check.report["mark"]), frames=_frames(check.report["query"])
            ),
            findings=tuple(findings),
            withdrawn=len(matches) - len(live),
            policy=check.report["policy"],
            models=tuple(check.report["models"]),
        )

    def _records(self, matches: Sequence[Mapping[str, Any]]) -> dict[str, tuple[Work, Record]]:
        """Of the works that are still active, by id."""
        with self.store.read() as unit:
            works = unit.works.find([WorkId.parse(match["work_id"]) for match in matches])
            return {
                str(work.id): (work, self._record(unit, work))
                for work in works.values()
                if work.status is WorkStatus.ACTIVE
            }

    def _live_id(self, mark: Mapping[str, Any] | None) -> str | None:
        if mark is None or mark["work_id"] is None:
            return None
        with self.store.read() as unit:
            work = unit.works.find([WorkId.parse(mark["work_id"])]).get(WorkId.parse(mark["work_id"]))
        return str(work.id) if work and work.status is WorkStatus.ACTIVE else None

    def _record(self, unit: Unit, work: Work) -> Record:
        certificate_id = str(work.certificate["id"])
        return Record(
            work_id=str(work.id),
            title=work.title,
            registered_at=work.created_at,
            width=work.width,
            height=work.height,
            source_sha256=work.source_sha256,
            marked_sha256=work.marked_sha256,
            certificate_id=certificate_id,
            certificate_hash=work.certificate_hash,
            issuer=str(work.certificate["issuer"]),
            standing=standing_word(unit.statuses.by_credential(certificate_id)),
            address=f"{self.base_url}/v1/works/{work.id}/certificate" if self.base_url else None,
            manifests=tuple(manifest.id for manifest in unit.manifests.of_work(work.id)),
            log=tuple(LogPlace(kind=entry.kind, index=entry.index) for entry in unit.log.of_work(work.id)),
            receipts=tuple(_receipt(receipt) for receipt in receipts(unit.anchors.of_work(work.id), work)),
            terms=work.terms_slug,
            terms_hash=work.terms_hash,
        )

    def _finding(self, match: Mapping[str, Any], record: Record, check: Check) -> Finding:
        licence = match["licence"]
        calibrated = _calibrated(check, match["calibration"])
        in_query, in_reference = _outlines(match)
        return Finding(
            record=record,
            licence=Licence(
                status=licence["status"],
                licensee=check.report["licensee"],
                grant_id=licence.get("grant_id"),
                terms=licence.get("terms"),
            ),
            grade=Grade(match["grade"]),
            probability=match["probability"],
            copied_mark=match["copied_mark"],
            evidence=tuple(_witness(witness) for witness in match["evidence"]),
            calibration=match["calibration"],
            limits=Limits(strict=calibrated.strict, review=calibrated.review) if calibrated else None,
            false_alarms=_unrelated(match, calibrated.false_alarms) if calibrated else None,
            region_query=in_query,
            region_reference=in_reference,
            covers_query=_area(in_query),
            covers_reference=_area(in_reference),
            placement=None,
            picture=None,
            overlay=None,
            shown="not-drawn",
        )

    def _asked(self, query: Mapping[str, Any], picture: Picture | None) -> Asked:
        return Asked(
            sha256=query["sha256"],
            pixels_sha256=query["pixels_sha256"],
            media_type=query["media_type"],
            width=query["width"],
            height=query["height"],
            frames=_frames(query),
            notes=tuple(query["notes"]),
            picture=self.drawing.small(picture.pixels) if picture else None,
        )

    def _drawn(self, finding: Finding, work: Work, query: Picture | None, *, may_see: bool) -> Finding:
        pixels = self.images.read(self.blobs.get(work.marked_blob)).pixels if may_see else None
        lying = self.matcher.align(query.pixels, str(work.id)) if query and finding.region_query else None
        if query and query.frames > 1 and lying is None:  # it was found in another frame than the one that is shown
            finding = replace(
                finding, region_query=None, region_reference=None, covers_query=None, covers_reference=None
            )
        overlay = None
        if lying and query and pixels is not None:
            overlay = self.drawing.laid_over(query.pixels, pixels, lying.transform)
        return replace(
            finding,
            placement=_placement(lying) if lying else None,
            picture=self.drawing.small(pixels) if pixels is not None else None,
            overlay=overlay,
            shown="yes" if may_see else "owner-only",
        )


def _outlines(match: Mapping[str, Any]) -> tuple[Region | None, Region | None]:
    """What is compared without being found is not outlined: nobody shall take it for what both share."""
    if match["grade"] in _NOTHING_SHARED:
        return None, None
    return _region(match["region_query"]), _region(match["region_reference"])


def _area(region: Region | None) -> float | None:
    """The share 0..1 of its picture that a polygon covers (shoelace)."""
    if region is None:
        return None
    following = (*region[1:], region[0])
    twice = sum(x * v - u * y for (x, y), (u, v) in zip(region, following, strict=True))
    return round(min(1.0, abs(twice) / 2), 4)


def _calibrated(check: Check, name: str) -> Calibrated | None:
    """As it was stored with the check. A digest is judged by no calibration."""
    stored = check.report.get("explanation", {}).get("calibrations", {}).get(name)
    if stored is None:  # or a check of before they were stored
        return None
    rows = tuple(FalseAlarms(**row) for row in stored["false_alarms"])
    return Calibrated(strict=stored["strict"], review=stored["review"], false_alarms=rows)


def _unrelated(match: Mapping[str, Any], alarms: Sequence[FalseAlarms]) -> FalseAlarms | None:
    """How many unrelated pictures got as much. None where the probability is not of looks alone: a mark or a digest
    raised it."""
    if any(witness["kind"] in ("mark", "file") for witness in match["evidence"]):
        return None
    rows = [row for row in alarms if row.threshold <= match["probability"]]
    return max(rows, key=lambda row: row.threshold, default=None)


def _placement(lying: Aligned) -> Placement:
    return Placement(
        transform=lying.transform,
        mirrored=lying.mirrored,
        inliers=lying.inliers,
        share=lying.share,
        heat=lying.heat,
    )


def _witness(witness: Mapping[str, Any]) -> Witness:
    return Witness(
        kind=witness["kind"],
        score=witness["score"],
        threshold=witness["threshold"],
        lower_is_closer=witness["lower_is_closer"],
        speaks=witness["speaks"],
    )


def _region(corners: Sequence[Sequence[float]] | None) -> Region | None:
    """A stored report has lists in place of tuples."""
    return tuple((float(x), float(y)) for x, y in corners) if corners else None


def _frames(query: Mapping[str, Any]) -> int:
    return int(query.get("frames", 1))  # a check of before animations has none


def _mark(mark: Mapping[str, Any] | None, work_id: str | None, *, frames: int) -> Mark | None:
    """Any frame of an animation may be the one that was read: on the first one its region says nothing."""
    if mark is None:
        return None
    return Mark(
        work_id=work_id,
        key_id=mark["key_id"],
        confidence=mark["confidence"],
        scale=mark["scale"],
        rotation=mark["rotation"],
        mirrored=mark["mirrored"],
        region=_region(mark.get("region")) if frames == 1 else None,
    )


def _receipt(receipt: Mapping[str, Any]) -> Receipt:
    return Receipt(chain_id=receipt["chainId"], block=receipt["blockNumber"], transaction=receipt["txHash"])
