"""XMP packets (ISO 16684-1): properties put into one, and read from one.

What an owner wrote stays, in its own structure; only a property of the same name is replaced. A packet that is not XML,
or that declares a document type, says nothing to any reader, and a new one takes its place.
"""

import hashlib
from collections.abc import Collection, Iterator
from typing import Final

from provenance.core.errors import TooLarge, UnreadableImage
from provenance.core.types import XmpProperties, XmpValue
from provenance.credentials.labels import aigc
from provenance.credentials.labels.forms import describe, value_of
from provenance.credentials.labels.markup import Document, Element, Name, parse, serialise
from provenance.credentials.labels.schema import FORMS, META, PREFIXES, RDF, Form, full_name

_HEAD: Final = '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>'
_TAIL: Final = '<?xpacket end="w"?>'
_DESCRIPTION: Final = (RDF, "Description")
_ABOUT: Final = (RDF, "about")
_EXTENDED: Final = full_name("xmpNote:HasExtendedXMP")
_OURS: Final = frozenset(full_name(name) for name in FORMS)
_AIGC: Final = "TC260:AIGC"
_FRAME: Final = 600  # bytes of an empty packet with the link to an extended one, and some to spare


class Packet:
    """The properties of one file. JPEG keeps what does not fit into the main packet in an extended one."""

    def __init__(self, main: bytes | None = None, extended: bytes | None = None) -> None:
        """Raises TooLarge over the bounds of `markup`."""
        self._prefixes = dict(PREFIXES)
        self._descriptions: list[Element] = []
        for half in (main, extended):
            document = _readable(half)
            if document is not None:
                self._prefixes = {**document.prefixes, **self._prefixes}
                self._descriptions += _descriptions(document.root)
        self._remove({_EXTENDED})

    def update(self, properties: XmpProperties, *, found: str | None = None) -> None:
        """Each property replaces those of its name; None only removes.

        A file carries one AIGC label: where another producer's stands, here or as `found` elsewhere in the file, it
        stays and ours joins it as propagator.
        """
        written = dict(properties)
        ours = written.get(_AIGC)
        if isinstance(ours, str):
            written[_AIGC] = aigc.passed_on(self.text(_AIGC) or found, aigc.read_aigc(ours)).json()
        self._remove({full_name(name) for name in written})
        added = [describe(name, value) for name, value in sorted(written.items()) if value is not None]
        if added:
            self._descriptions.insert(0, self._description(added))

    def properties(self) -> dict[str, XmpValue]:
        """Those that `schema.FORMS` names. Of a property that stands twice the first counts."""
        found = ((name, self._value(name, form)) for name, form in FORMS.items())
        return {name: value for name, value in found if value}

    def text(self, name: str) -> str | None:
        """A property of the form TEXT; None where it is missing or empty."""
        value = self._value(name, Form.TEXT)
        return value if isinstance(value, str) and value else None

    def serialise(self) -> bytes:
        """UTF-8 in its wrapper (part 1, 7.3.2), without padding: what comes after us is signed, not edited in place."""
        return _packet(self._descriptions, self._prefixes)

    def split(self, limit: int) -> tuple[bytes, bytes | None]:
        """(main packet of at most `limit` bytes, extended packet or None), part 3, 1.1.3.1. The owner's largest
        properties are the first to leave the main packet, ours the last. Raises TooLarge."""
        whole = self.serialise()
        if len(whole) <= limit:
            return whole, None
        elements = sorted(self._expanded(), key=lambda item: (item.name in _OURS, -self._size(item)))
        room = limit - _FRAME - sum(map(self._size, elements))
        count = 0
        while room < 0 and count < len(elements):
            room += self._size(elements[count])
            count += 1
        extended = _tree([self._description(elements[:count])], self._prefixes).encode()
        kept = self._description(elements[count:])
        kept.attributes[_EXTENDED] = extended_digest(extended)
        main = _packet([kept], self._prefixes)
        if len(main) > limit:
            raise TooLarge("the XMP packet can't be split", hint="remove embedded histories")
        return main, extended

    def _size(self, element: Element) -> int:
        """Bytes in a packet of its own, namespaces included: no less than it adds to one."""
        return len(serialise(element, self._prefixes).encode())

    def _description(self, elements: Collection[Element]) -> Element:
        return Element(_DESCRIPTION, {_ABOUT: self._about()}, [*elements])

    def _about(self) -> str:
        return next((item.attributes[_ABOUT] for item in self._descriptions if _ABOUT in item.attributes), "")

    def _expanded(self) -> Iterator[Element]:
        """All properties as elements: one that stands as an attribute means the same."""
        for description in self._descriptions:
            for name, value in description.attributes.items():
                if name[0] not in ("", RDF):
                    yield Element(name, {}, [value])
            yield from description.elements()

    def _remove(self, names: set[Name]) -> None:
        for description in self._descriptions:
            for name in names & description.attributes.keys():
                del description.attributes[name]
            description.children = [child for child in description.elements() if child.name not in names]
        self._descriptions = [item for item in self._descriptions if item.children or set(item.attributes) - {_ABOUT}]

    def _value(self, name: str, form: Form) -> XmpValue | None:
        wanted = full_name(name)
        found = (element for element in self._expanded() if element.name == wanted)
        return next((value_of(element, form) for element in found), None)


def labelled(packet: bytes | None, properties: XmpProperties) -> bytes:
    """The packet with these properties in it. Raises TooLarge over the bounds of `markup`."""
    merged = Packet(packet)
    merged.update(properties)
    return merged.serialise()


def extended_digest(extended: bytes) -> str:
    """The name of an extended packet: its MD5 in upper-case hexadecimal digits, a checksum and no more."""
    return hashlib.md5(extended, usedforsecurity=False).hexdigest().upper()


def _readable(packet: bytes | None) -> Document | None:
    try:
        return None if packet is None else parse(packet.rstrip(b"\x00"))
    except UnreadableImage:
        return None


def _descriptions(root: Element) -> Iterator[Element]:
    """What is in rdf:RDF, which may stand in x:xmpmeta or alone."""
    outer = root if root.name == (RDF, "RDF") else root.find((RDF, "RDF"))
    if outer is not None:
        yield from (child for child in outer.elements() if child.name == _DESCRIPTION)


def _packet(descriptions: Collection[Element], prefixes: dict[str, str]) -> bytes:
    return f"{_HEAD}{_tree(descriptions, prefixes)}{_TAIL}".encode()


def _tree(descriptions: Collection[Element], prefixes: dict[str, str]) -> str:
    return serialise(Element((META, "xmpmeta"), {}, [Element((RDF, "RDF"), {}, [*descriptions])]), prefixes)
