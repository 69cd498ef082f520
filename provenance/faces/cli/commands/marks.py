"""mark, detect: the watermark alone, without a registration."""

from pathlib import Path
from typing import Annotated, Any, Final

import typer

from provenance.core.errors import InvalidRequest, ProvenanceError
from provenance.core.types import Detection, WorkId
from provenance.faces.cli import files, opened
from provenance.faces.cli.console import AsJson, complain, emit, progress, say
from provenance.faces.cli.exits import Exit, exit_of


def mark(
    paths: Annotated[list[Path], typer.Argument(help="Pictures or folders; - is standard input.")],
    payload: Annotated[str, typer.Option(help="64 bits: a work id (pv-…) or a number (0x… or decimal).")],
    out: Annotated[Path, typer.Option("--out", "-o", help="A folder, or - for standard output.")] = Path("marked"),
    as_json: AsJson = False,
) -> None:
    """Put a payload into pictures with this service's key. Registers nothing."""
    number = _payload(payload)
    named = files.pictures(paths)
    files.one_output(out, len(named))
    worst = Exit.OK
    with opened.service(start=False) as service:
        for path in progress(named, "marking", as_json=as_json):
            try:
                picture = service.images.read(files.read(path))
                data, media_type = service.images.write(picture, service.watermarker.embed(picture.pixels, number))
                target = out if out == files.STANDARD else out / f"{_stem(path)}{files.suffix(media_type)}"
                files.write(target, data)
            except ProvenanceError as error:
                complain(error, as_json=as_json, about=str(path))
                worst = worst or exit_of(error)
                continue
            if out != files.STANDARD:
                answer = {"file": str(path), "marked": str(target), "payload": f"{number:#018x}"}
                emit(answer) if as_json else say(f"{path} -> {target}")
    raise typer.Exit(worst)


def detect(
    paths: Annotated[list[Path], typer.Argument(help="Pictures or folders; - is standard input.")],
    as_json: AsJson = False,
) -> None:
    """Read the watermark from pictures. Only what a keyed tag verified is shown; 5 when none had one."""
    named = files.pictures(paths)
    worst, found = Exit.OK, 0
    with opened.service(start=False) as service:
        for path in progress(named, "detecting", as_json=as_json):
            try:
                detection = service.watermarker.detect(service.images.read(files.read(path)).pixels)
            except ProvenanceError as error:
                complain(error, as_json=as_json, about=str(path))
                worst = worst or exit_of(error)
                continue
            found += detection is not None
            if as_json:
                emit({"file": str(path), "mark": _described(detection) if detection else None})
            else:
                say(f"{path}: " + (_words(detection) if detection else "no mark"))
    raise typer.Exit(worst or (Exit.OK if found else Exit.NOT_FOUND))


COMMANDS: Final = (mark, detect)


def _payload(text: str) -> int:
    if text.startswith("pv-"):
        return WorkId.parse(text).payload
    try:
        return WorkId(int(text, 0)).payload
    except ValueError:
        raise InvalidRequest(f"{text[:40]!r} is no payload", hint="a work id, or a number below 2^64") from None


def _stem(path: Path) -> str:
    return "stdin" if path == files.STANDARD else path.stem


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
