"""Values of XMP properties as RDF/XML elements, and back (ISO 16684-1, 7)."""

from collections.abc import Iterator, Mapping
from typing import Final

from provenance.core.types import XmpValue
from provenance.credentials.labels.markup import XML, Element
from provenance.credentials.labels.schema import FORMS, PREFIXES, RDF, Form, full_name

_ARRAYS: Final = frozenset({(RDF, "Alt"), (RDF, "Seq"), (RDF, "Bag")})
_ITEM: Final = (RDF, "li")
_RESOURCE: Final = (RDF, "resource")
_LANGUAGE: Final = (XML, "lang")
_AS_STRUCTURE: Final = {(RDF, "parseType"): "Resource"}
_DEFAULT: Final = "x-default"


def describe(name: str, value: XmpValue) -> Element:
    """The element of one property that `schema.FORMS` names."""
    element = Element(full_name(name))
    if isinstance(value, str):
        in_words = FORMS[name] is Form.ALTERNATIVE
        alternative = Element((RDF, "Alt"), {}, [Element(_ITEM, {_LANGUAGE: _DEFAULT}, [value])])
        element.children.append(alternative if in_words else value)
    else:
        element.children.append(Element((RDF, "Seq"), {}, [_item(item) for item in value]))
    return element


def _item(item: str | Mapping[str, str]) -> Element:
    if isinstance(item, str):
        return Element(_ITEM, {}, [item])
    fields = [Element(full_name(name), {}, [text]) for name, text in sorted(item.items())]
    return Element(_ITEM, dict(_AS_STRUCTURE), [*fields])


def value_of(element: Element, form: Form) -> XmpValue:
    """What a property says, whichever of RDF's ways to write it was used. Empty where it has another form."""
    if form is Form.STRUCTURES:
        return tuple(fields for item in _items(element) if (fields := _fields(item)))
    texts = [(_text(item), item.attributes.get(_LANGUAGE)) for item in _items(element)]
    if form is Form.SEQUENCE:
        return tuple(text for text, _ in texts if text)
    return next((text for text, language in texts if language == _DEFAULT), texts[0][0] if texts else "")


def _items(element: Element) -> Iterator[Element]:
    """The items of an array; a value that is no array is its own only item."""
    arrays = [child for child in element.elements() if child.name in _ARRAYS]
    if not arrays:
        yield element
    for array in arrays:
        yield from (item for item in array.elements() if item.name == _ITEM)


def _text(element: Element) -> str:
    return element.attributes.get(_RESOURCE) or element.text


def _fields(item: Element) -> dict[str, str]:
    """The fields of a structure: elements, or attributes, on the item or on an rdf:Description inside it."""
    inner = item.find((RDF, "Description")) or item
    found = {name: _text(child) for child in inner.elements() if (name := _short(child.name))}
    return {name: text for key, text in inner.attributes.items() if (name := _short(key))} | found


def _short(name: tuple[str, str]) -> str | None:
    """The name with our prefix; None for namespaces that we don't write."""
    prefix = PREFIXES.get(name[0])
    return None if prefix in (None, "rdf", "xml") else f"{prefix}:{name[1]}"
