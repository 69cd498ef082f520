"""What a container asks for: the packet that is to stand in the file, given what stands there."""

from dataclasses import dataclass

from provenance.core.types import XmpProperties
from provenance.credentials.labels import Packet


@dataclass(frozen=True, slots=True)
class Relabel:
    """The same properties for whichever container."""

    properties: XmpProperties

    def packet(self, main: bytes | None, *, aigc: str | None = None) -> bytes:
        """The whole packet. `aigc` is an AIGC label that the file carries elsewhere, which the packet takes over.
        Raises TooLarge."""
        return self._merged(main, None, aigc).serialise()

    def split(self, main: bytes | None, extended: bytes | None, limit: int) -> tuple[bytes, bytes | None]:
        """(main packet of at most `limit` bytes, extended packet or None). Raises TooLarge."""
        return self._merged(main, extended, None).split(limit)

    @property
    def labels_aigc(self) -> bool:
        return self.properties.get("TC260:AIGC") is not None

    def _merged(self, main: bytes | None, extended: bytes | None, aigc: str | None) -> Packet:
        packet = Packet(main, extended)
        packet.update(self.properties, found=aigc)
        return packet
