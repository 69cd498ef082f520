"""The XMP properties that we write: namespaces, and the form that each value has (ISO 16684-1; IPTC Photo Metadata
2025.1; PLUS 2.0.1; GB 45438-2025)."""

from collections.abc import Mapping
from enum import Enum, auto
from types import MappingProxyType
from typing import Final

from provenance.credentials.labels.markup import XML, Name

RDF: Final = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
META: Final = "adobe:ns:meta/"

NAMESPACES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "Iptc4xmpExt": "http://iptc.org/std/Iptc4xmpExt/2008-02-29/",
        "TC260": "http://www.tc260.org.cn/ns/AIGC/1.0/",
        "dc": "http://purl.org/dc/elements/1.1/",
        "photoshop": "http://ns.adobe.com/photoshop/1.0/",
        "plus": "http://ns.useplus.org/ldf/xmp/1.0/",
        "rdf": RDF,
        "x": META,
        "xml": XML,
        "xmpNote": "http://ns.adobe.com/xmp/note/",
        "xmpRights": "http://ns.adobe.com/xap/1.0/rights/",
    }
)
PREFIXES: Final[Mapping[str, str]] = MappingProxyType({space: prefix for prefix, space in NAMESPACES.items()})


class Form(Enum):
    TEXT = auto()
    ALTERNATIVE = auto()  # rdf:Alt by language; we write x-default
    SEQUENCE = auto()  # rdf:Seq of texts
    STRUCTURES = auto()  # rdf:Seq of structures


FORMS: Final[Mapping[str, Form]] = MappingProxyType(
    {
        "Iptc4xmpExt:DigitalSourceType": Form.TEXT,
        "Iptc4xmpExt:AISystemUsed": Form.TEXT,
        "Iptc4xmpExt:AISystemVersionUsed": Form.TEXT,
        "Iptc4xmpExt:AIPromptInformation": Form.TEXT,
        "Iptc4xmpExt:AIPromptWriterName": Form.TEXT,
        "plus:DataMining": Form.TEXT,
        "plus:OtherConstraints": Form.ALTERNATIVE,
        "plus:Licensor": Form.STRUCTURES,
        "xmpRights:WebStatement": Form.TEXT,
        "xmpRights:UsageTerms": Form.ALTERNATIVE,
        "dc:creator": Form.SEQUENCE,
        "dc:rights": Form.ALTERNATIVE,
        "photoshop:Credit": Form.TEXT,
        "TC260:AIGC": Form.TEXT,
    }
)


def full_name(name: str) -> Name:
    """ "dc:creator" with its namespace."""
    prefix, _, local = name.partition(":")
    return NAMESPACES[prefix], local
