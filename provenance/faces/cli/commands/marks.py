"""mark, detect: the watermark alone, without a registration."""

from pathlib import Path
from typing import Annotated, Any, Final

import typer

from provenance.core.errors import InvalidRequest
from provenance.core.types import Detection, WorkId
from provenance.faces.cli import files, opened
from provenance.faces.cli.batch import each
from provenance.faces.cli.console import AsJson, Paths, emit, say
from provenance.faces.cli.exits import Exit


def mark(
    paths: Paths,
    payload: Annotated[str, typer.Option(help="64 bits: a work id (pv-…) or a number (0x… or decimal).")],
    out: Annotated[Path, typer.Option("--out", "-o", help="A folder, or - for standard output.")] = Path("marked"),
    force: Annotated[bool, typer.Option("--force", help="Overwrite other files.")] = False,
    as_json: AsJson = False,
) -> None:
    """Put a payload into pictures with this service's key. Registers nothing."""
    number = _payload(payload)
    named = files.pictures(paths)
    files.one_output(out, len(named), as_json=as_json)
    files.writable(out)
    with opened.service(start=False, create=True) as service:

        def one(picture: files.Named) -> None:
            read = service.images.read(files.read(picture.path, limit=service.settings.max_upload_bytes))
            data, media_type = service.images.write(read, service.watermarker.embed(read.pixels, number))
            target = out if out == files.STANDARD else out / f"{picture.place}{files.suffix(media_type)}"
            files.write(target, data, force=force)
            if out != files.STANDARD:
                answer = {"file": str(picture), "marked": str(target), "payload": f"{number:#018x}"}
                emit(answer) if as_json else say(f"{picture} -> {target}")

        ended = each(named, one, label="marking", as_json=as_json)
    raise typer.Exit(ended)


def detect(
    paths: Paths,
    as_json: AsJson = False,
) -> None:
    """Read the watermark from pictures. Only what a keyed tag verified is shown; 5 when none had one."""
    named = files.pictures(paths)
    found: list[Detection] = []
    with opened.service(start=False) as service:

        def one(picture: files.Named) -> None:
            read = service.images.read(files.read(picture.path, limit=service.settings.max_upload_bytes))
            detection = service.watermarker.detect(read.pixels)
            if detection:
                found.append(detection)
            if as_json:
                emit({"file": str(picture), "mark": _described(detection) if detection else None})
            else:
                say(f"{picture}: " + (_words(detection) if detection else "no mark"))

        ended = each(named, one, label="detecting", as_json=as_json)
    raise typer.Exit(ended if ended or found else Exit.NOT_FOUND)


COMMANDS: Final = (mark, detect)


def _payload(text: str) -> int:
    if text.startswith("pv-"):
        return WorkId.parse(text).payload
    try:
        return WorkId(int(text, 0)).payload
    except (ValueError, InvalidRequest):
        raise InvalidRequest(f"{text[:40]!r} is no payload", hint="a work id, or a number from 0 to 2^64 - 1") from None


def _described(detection: Detection) -> dict[str, Any]:
    return {
        "work_id": str(WorkId(detection.payload)),
        "payload": f"{detection.payload:#018x}",
        "confidence": detection.confidence,
        "scale": detection.scale,
        "rotation": detection.rotation,
        "mirrored": detection.mirrored,
        "key_id": detection.key_id,
    }


def _words(detection: Detection) -> str:
    turned = f", turned {detection.rotation:.1f}°" if abs(detection.rotation) > 0.5 else ""
    mirrored = ", mirrored" if detection.mirrored else ""
    return f"{WorkId(detection.payload)}, scale {detection.scale:.2f}{turned}{mirrored}, key {detection.key_id}"
