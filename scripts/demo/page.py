"""`report.html`: one self-contained page, matched regions side by side."""

import base64
import io
from pathlib import Path
from typing import Any, Final

from jinja2 import Environment, FileSystemLoader, select_autoescape
from PIL import Image, ImageOps

from scripts.demo.run import Story, Upload, file_name

SIDE: Final = 320  # pixels of a picture's longer side on the page
_HERE: Final = Path(__file__).parent


def page(story: Story, out: Path) -> str:
    """The page's HTML. Pictures are inlined, nothing is loaded from elsewhere."""
    environment = Environment(
        loader=FileSystemLoader(_HERE), autoescape=select_autoescape(["html", "j2"]), trim_blocks=True
    )
    titles = {str(work.id): work.title for work in story.works}
    pictures = {str(work.id): _inline(out / "works" / file_name(work)) for work in story.works}
    return environment.get_template("page.html.j2").render(
        summary=story.summary(),
        succeeded=story.succeeded,
        refusals=story.refusals,
        works=titles,
        pictures=pictures,
        rows=[_row(upload) for upload in story.uploads],
    )


def _row(upload: Upload) -> dict[str, Any]:
    report = upload.report
    best = report["matches"][0] if report["matches"] else None
    return {
        "file": upload.path.name,
        "kind": upload.kind,
        "right": upload.right,
        "grade": report["grade"],
        "picture": _inline(upload.path),
        "match": best,
        "query_points": _points(best and best["region_query"]),
        "reference_points": _points(best and best["region_reference"]),
        "milliseconds": round(sum(report["milliseconds"].values())),
    }


def _points(region: list[list[float]] | None) -> str:
    """A polygon's points in percent, for an SVG with viewBox 0 0 100 100."""
    return " ".join(f"{x * 100:.2f},{y * 100:.2f}" for x, y in region or [])


def _inline(path: Path) -> str:
    with Image.open(path) as picture:
        small = ImageOps.exif_transpose(picture).convert("RGB")
        small.thumbnail((SIDE, SIDE))
        target = io.BytesIO()
        small.save(target, "JPEG", quality=72)
    return "data:image/jpeg;base64," + base64.b64encode(target.getvalue()).decode("ascii")
