"""XML from strangers, read without risk, and written the same way every time.

expat reads it. A document type declaration is refused, so that there are no entities; size, depth and the number of
nodes are bounded; nothing is ever fetched.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final, TypeAlias
from xml.parsers import expat
from xml.sax.saxutils import escape

from provenance.core.errors import TooLarge, UnreadableImage

MAX_BYTES: Final = 8 << 20
MAX_DEPTH: Final = 100
MAX_NODES: Final = 100_000
MAX_NAMESPACES: Final = 500
MAX_NAMESPACE: Final = 300  # characters; expat repeats them in every name

Name: TypeAlias = tuple[str, str]
"""(namespace, local name); the namespace is empty where there is none."""

_SEPARATOR: Final = "\x01"  # between a namespace and a name; no XML document can hold it

XML: Final = "http://www.w3.org/XML/1998/namespace"
_TEXT: Final = {"\r": "&#13;"}
_QUOTED: Final = {"\r": "&#13;", "\n": "&#10;", "\t": "&#9;", '"': "&quot;"}


@dataclass(slots=True)
class Element:
    """`children` are elements and texts in document order."""

    name: Name
    attributes: dict[Name, str] = field(default_factory=dict)
    children: "list[Element | str]" = field(default_factory=list)

    def elements(self) -> "Iterator[Element]":
        return (child for child in self.children if isinstance(child, Element))

    def find(self, name: Name) -> "Element | None":
        """The first child of that name."""
        return next((child for child in self.elements() if child.name == name), None)

    @property
    def text(self) -> str:
        """Its own text, without that of elements inside."""
        return "".join(child for child in self.children if isinstance(child, str))


@dataclass(frozen=True, slots=True)
class Document:
    """`prefixes` by namespace, as the document bound them first."""

    root: Element
    prefixes: Mapping[str, str]


def parse(data: bytes) -> Document:
    """Raises TooLarge over a bound, UnreadableImage when it is not well-formed or declares a document type."""
    if len(data) > MAX_BYTES:
        raise _over(f"{MAX_BYTES >> 20} MiB")
    return _Reader().read(data)


class _Reader:
    def __init__(self) -> None:
        self._open: list[Element] = []
        self._root: Element | None = None
        self._prefixes: dict[str, str] = {}
        self._nodes = 0

    def read(self, data: bytes) -> Document:
        parser = expat.ParserCreate(namespace_separator=_SEPARATOR)
        parser.buffer_text = True
        parser.StartDoctypeDeclHandler = _refuse_doctype
        parser.StartNamespaceDeclHandler = self._bind
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._characters
        try:
            parser.Parse(data, True)
        except (expat.ExpatError, ValueError, LookupError) as error:  # also encodings that Python does not know
            raise _unreadable("is not well-formed") from error
        if self._root is None:
            raise _unreadable("is empty")
        return Document(self._root, self._prefixes)

    def _bind(self, prefix: str | None, namespace: str | None) -> None:
        if len(namespace or "") > MAX_NAMESPACE or len(self._prefixes) >= MAX_NAMESPACES:
            raise _over(f"{MAX_NAMESPACES} namespaces, {MAX_NAMESPACE:,} characters in one")
        if namespace:
            self._prefixes.setdefault(namespace, prefix or "")

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self._nodes += 1 + len(attributes)
        if self._nodes > MAX_NODES or len(self._open) >= MAX_DEPTH:
            raise _over(f"{MAX_NODES:,} elements, {MAX_DEPTH} inside each other")
        element = Element(_name(name), {_name(key): value for key, value in attributes.items()})
        if self._open:
            self._open[-1].children.append(element)
        else:
            self._root = element
        self._open.append(element)

    def _end(self, _name: str) -> None:
        element = self._open.pop()
        if any(isinstance(child, Element) for child in element.children):  # what is between elements is layout
            element.children = [child for child in element.children if isinstance(child, Element) or child.strip()]

    def _characters(self, text: str) -> None:
        self._open[-1].children.append(text)


def _name(text: str) -> Name:
    namespace, _, local = text.rpartition(_SEPARATOR)
    return namespace, local


def _refuse_doctype(*_: object) -> None:
    raise _unreadable("declares a document type, which none of its kind does")


def serialise(root: Element, prefixes: Mapping[str, str]) -> str:
    """The element with all its namespaces declared on it, attributes sorted, nothing between elements. `prefixes` by
    namespace are used where two namespaces don't want the same one."""
    bound = _bindings(sorted(_namespaces(root)), prefixes)
    declared = "".join(f' xmlns:{prefix}="{_quoted(space)}"' for space, prefix in bound.items() if space != XML)
    parts: list[str] = []
    _write(root, bound, parts, declared)
    return "".join(parts)


def _write(element: Element, bound: Mapping[str, str], parts: list[str], declared: str = "") -> None:
    name = _qualified(element.name, bound)
    parts.append(f"<{name}{declared}")
    for key, value in sorted(element.attributes.items()):
        parts.append(f' {_qualified(key, bound)}="{_quoted(value)}"')
    if not element.children:
        parts.append("/>")
        return
    parts.append(">")
    for child in element.children:
        if isinstance(child, Element):
            _write(child, bound, parts)
        else:
            parts.append(escape(child, _TEXT))
    parts.append(f"</{name}>")


def _quoted(value: str) -> str:
    return escape(value, _QUOTED)


def _qualified(name: Name, bound: Mapping[str, str]) -> str:
    return f"{bound[name[0]]}:{name[1]}" if name[0] else name[1]


def _namespaces(element: Element) -> set[str]:
    found = {element.name[0]} | {space for space, _ in element.attributes}
    for child in element.elements():
        found |= _namespaces(child)
    return found - {""}


def _bindings(namespaces: Iterable[str], prefixes: Mapping[str, str]) -> dict[str, str]:
    bound: dict[str, str] = {}
    for number, namespace in enumerate(namespaces):
        wanted = "xml" if namespace == XML else prefixes.get(namespace, "")
        reserved = not wanted or (wanted.lower().startswith("xml") and namespace != XML)
        bound[namespace] = f"ns{number}" if reserved or wanted in bound.values() else wanted
    return _distinct(bound)


def _distinct(bound: dict[str, str]) -> dict[str, str]:
    """A document may itself use a prefix that was made up here for another namespace."""
    if len(set(bound.values())) == len(bound):
        return bound
    return {space: "xml" if space == XML else f"ns{number}" for number, space in enumerate(bound)}


def _unreadable(reason: str) -> UnreadableImage:
    return UnreadableImage(f"the XML {reason}", hint="export the picture again")


def _over(bound: str) -> TooLarge:
    return TooLarge(f"the XML has more than {bound}", hint="remove embedded previews or histories")
