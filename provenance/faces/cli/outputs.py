"""Where the files that a command makes of pictures go: whole or not at all, one place for each picture."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from provenance.core.errors import Conflict, InvalidRequest
from provenance.faces.cli import files

# How a written file may end where that is not as its source does: formats have one suffix, and some have several.
_ENDS: Final = {".jpg": (".jpeg",), ".tif": (".tiff",), ".gif": (".gif", ".png"), ".apng": (".png", ".apng")}


@dataclass(frozen=True, slots=True, kw_only=True)
class Outputs:
    """`skip`: what an earlier run wrote is left alone, unread; outputs are whole or absent, so such a file is done.
    Raises InvalidRequest together with `force`."""

    folder: Path
    force: bool = False
    skip: bool = False
    _taken: dict[Path, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.force and self.skip:
            raise InvalidRequest("--force and --skip-existing contradict each other", hint="give one of them")

    def earlier(self, picture: files.Named) -> Path | None:
        """What an earlier run wrote for this picture, where that is to be left alone. Raises Conflict when this run has
        the place for another picture."""
        if not self.skip or files.STANDARD in (self.folder, picture.path):
            return None
        end = picture.path.suffix.lower()
        places = [self.folder / f"{picture.place}{other}" for other in _ENDS.get(end, (end,))]
        there = next((place for place in places if place.is_file()), None)
        if there is not None:
            self._take(there, picture)
        return there

    def write(self, picture: files.Named, data: bytes, media_type: str) -> tuple[Path, bool]:
        """(place, whether the file is new). Raises Conflict, Unavailable."""
        if self.folder == files.STANDARD:
            return self.folder, files.write(self.folder, data)
        place = self.folder / f"{picture.place}{files.suffix(media_type)}"
        self._take(place, picture)
        if picture.path != files.STANDARD and place.exists() and place.samefile(picture.path):
            raise Conflict(f"{place} is the picture itself", hint="name another folder with --out")
        return place, files.write(place, data, force=self.force)

    def _take(self, place: Path, picture: files.Named) -> None:
        other = self._taken.setdefault(place, str(picture))
        if other != str(picture):
            raise Conflict(f"{place} is there already, and is another file: that of {other}", hint="rename one of them")
