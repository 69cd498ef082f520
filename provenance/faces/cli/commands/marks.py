"""mark, detect: the watermark alone, without a registration."""

import math
import time
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from provenance.core.errors import InvalidRequest
from provenance.core.types import Detection, Region, WorkId
from provenance.faces.cli import files, opened
from provenance.faces.cli.batch import each, since
from provenance.faces.cli.console import AsJson, Paths, emit, note, placed, say
from provenance.faces.cli.exits import Exit
from provenance.faces.cli.outputs import Outputs

if TYPE_CHECKING:
    from provenance.usecases.mark import Marked

_ALONE: Final = (
    "a mark alone names an id, not what the picture shows, and can be copied: `provenance check` compares both"
)


def mark(
    paths: Paths,
    payload: Annotated[str, typer.Option(help="64 bits: a work id (pv-…) or a number (0x… or decimal).")],
    out: Annotated[Path, typer.Option("--out", "-o", help="A folder, or - for standard output.")] = Path("marked"),
    force: Annotated[bool, typer.Option("--force", help="Overwrite other files.")] = False,
    skip_existing: Annotated[
        bool, typer.Option("--skip-existing", help="Go on after a stop: leave what is there, unread.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Put a payload into pictures with this service's key. Registers nothing. Folders keep their structure; each file
    is read back before it is written, and what can't hold the mark is told and left out."""
    number = _payload(payload)
    outputs = Outputs(folder=out, force=force, skip=skip_existing)
    named = files.pictures(paths, without=out)
    files.one_output(out, len(named), as_json=as_json)
    files.writable(out)
    ends: Counter[str] = Counter()
    with opened.service(start=False, create=True) as service:

        def one(picture: files.Named) -> None:
            start = time.perf_counter()
            place, status, made = outputs.earlier(picture), "skipped", None
            if place is None:
                made = service.mark(files.read(picture.path, limit=service.settings.max_upload_bytes), number)
                place, new = outputs.write(picture, made.data, made.media_type)
                status = "marked" if new else "unchanged"
            ends[status] += 1
            if as_json:
                told = {"psnr": _finite(made), "notes": _notes(made), "milliseconds": since(start)}
                emit(_made(picture, place, number, status) | told)
            elif out != files.STANDARD:
                line = f"{picture} -> {place}{'' if status == 'marked' else f' ({status})'}"
                say("\n  note: ".join([line, *_notes(made)]))

        ended = each(named, one, label="marking", as_json=as_json)
    if len(named) > 1 and not as_json:
        note(_summary(ends, len(named)))
    raise typer.Exit(ended)


def detect(
    paths: Paths,
    as_json: AsJson = False,
) -> None:
    """Read the watermark from pictures, and where in them it lies. Only what a keyed tag verified is shown; 5 when none
    had one. A mark can be copied onto another picture: `provenance check` also compares what the picture shows."""
    named = files.pictures(paths)
    found: list[Detection] = []
    with opened.service(start=False) as service:

        def one(picture: files.Named) -> None:
            start = time.perf_counter()
            read = service.images.read(files.read(picture.path, limit=service.settings.max_upload_bytes))
            seen = service.find_mark(read)
            detection = seen.mark
            region = service.watermarker.locate(seen.frame.pixels, detection) if detection else None
            if detection:
                found.append(detection)
            if as_json:
                described = _described(detection, region) if detection else None
                place = {"frame": seen.frame.index if detection else None}
                emit({"file": str(picture), "mark": described, **place, "milliseconds": since(start)})
            else:
                where = f"frame {seen.frame.index + 1}: " if detection and read.frames > 1 else ""
                say(f"{picture}: {where}" + (_words(detection, region) if detection else "no mark"))

        ended = each(named, one, label="detecting", as_json=as_json)
    if found and not as_json:
        note(_ALONE)
    raise typer.Exit(ended if ended or found else Exit.NOT_FOUND)


COMMANDS: Final = (mark, detect)


def _payload(text: str) -> int:
    if text.startswith("pv-"):
        return WorkId.parse(text).payload
    try:
        return WorkId(int(text, 0)).payload
    except (ValueError, InvalidRequest):
        raise InvalidRequest(f"{text[:40]!r} is no payload", hint="a work id, or a number from 0 to 2^64 - 1") from None


def _summary(ends: Counter[str], named: int) -> str:
    counted = [f"{ends[end]} {end}" for end in ("marked", "unchanged", "skipped") if ends[end]]
    refused = named - ends.total()
    return f"{named} pictures: {', '.join(counted + ([f'{refused} not marked'] if refused else []))}"


def _made(picture: files.Named, place: Path, number: int, status: str) -> dict[str, Any]:
    named = {"work_id": str(WorkId(number)), "payload": f"{number:#018x}"}
    return {"file": str(picture), "marked": str(place), "status": status} | named


def _finite(made: "Marked | None") -> float | None:
    """The PSNR; JSON has no infinity."""
    return None if made is None or math.isinf(made.psnr) else round(made.psnr, 2)


def _notes(made: "Marked | None") -> list[str]:
    return [] if made is None else list(made.notes)


def _described(detection: Detection, region: Region | None) -> dict[str, Any]:
    return {
        "work_id": str(WorkId(detection.payload)),
        "payload": f"{detection.payload:#018x}",
        "confidence": detection.confidence,
        "scale": detection.scale if detection.grid else None,
        "rotation": detection.rotation,
        "mirrored": detection.mirrored if detection.grid else None,
        "key_id": detection.key_id,
        "grid": detection.grid,
        "region": region,
    }


def _words(detection: Detection, region: Region | None) -> str:
    turned = f", turned {detection.rotation:.1f}°" if abs(detection.rotation) > 0.5 else ""
    mirrored = ", mirrored" if detection.mirrored else ""
    part = "" if region is None else placed(region)
    scale = f", scale {detection.scale:.2f}" if detection.grid else ""
    return f"{WorkId(detection.payload)}{scale}{turned}{mirrored}{part}, key {detection.key_id}"
