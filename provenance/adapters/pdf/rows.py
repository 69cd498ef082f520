"""A certificate's claims as rows of a label and a value, in the order in which a person asks."""

from collections.abc import Iterator, Mapping
from typing import Any

from provenance.adapters.pdf.sheet import Language, Sheet
from provenance.adapters.pdf.texts import text
from provenance.core.errors import InvalidRequest
from provenance.licensing import template

Row = tuple[str, str]


def rows(sheet: Sheet, language: Language) -> Iterator[Row]:
    """Labels in the language; values as the certificate has them, printable ASCII but for the words around them."""
    for key, value in _values(sheet, language):
        yield text(key, language), value


def shown(value: object) -> str:
    """Printable ASCII: the font has no more, and nothing that a document holds may steer the page."""
    return "".join(c if c.isascii() and c.isprintable() else "?" for c in str(value))


def _values(sheet: Sheet, language: Language) -> Iterator[Row]:
    certificate = sheet.certificate
    subject = certificate["credentialSubject"]
    yield "work", shown(subject["work"])
    yield "id", shown(certificate["id"])
    yield "hash", shown(sheet.certificate_hash)
    yield "issuer", shown(certificate["issuer"])
    yield "key", shown(certificate["proof"]["verificationMethod"].partition("#")[2])
    yield "period", _period(certificate, language)
    yield "marked", shown(subject["contentHash"]["marked"])
    yield "source", shown(subject["contentHash"]["source"])
    yield "picture", shown(f"{subject['mediaType']}, {subject['width']} x {subject['height']}")
    yield "made", shown(subject["digitalSourceType"].rpartition("/")[2])
    mark = subject["mark"]
    yield "mark", text("mark-value", language, alg=shown(mark["alg"]), key=shown(mark["keyId"]))
    yield from _links(certificate, subject)
    yield "terms", _terms(subject["terms"], language)
    yield from _history(sheet, language)


def _period(certificate: Mapping[str, Any], language: Language) -> str:
    start, end = certificate["validFrom"], certificate.get("validUntil")
    if end is None:
        return text("open-period-value", language, start=shown(start))
    return text("period-value", language, start=shown(start), end=shown(end))


def _links(certificate: Mapping[str, Any], subject: Mapping[str, Any]) -> Iterator[Row]:
    """What version 1.1 may have."""
    if "iscc" in subject:
        yield "iscc", shown(subject["iscc"])
    for binding in subject.get("softBindings", ()):
        yield "bindings", shown(f"{binding['alg']}: {binding['value']}")
    for link in certificate.get("relatedResource", ()):
        yield "manifest", shown(f"{link['id']}, {link['digestSRI']}")


def _terms(terms: Mapping[str, Any], language: Language) -> str:
    """With the title where these are still the terms of that name."""
    slug, digest = terms["slug"], terms["hash"]
    try:
        known = template(slug)
    except InvalidRequest:
        known = None
    title = f"{known.document['title'][language]} " if known and known.hash == digest else ""
    return f"{title}({shown(slug)}), sha256 {shown(digest)}"


def _history(sheet: Sheet, language: Language) -> Iterator[Row]:
    """Log entries and ledger receipts; that there are none yet is said."""
    entries = [text("log-value", language, index=str(place.index), kind=shown(place.kind)) for place in sheet.log]
    for line in entries or [text("no-log", language)]:
        yield "log", line
    receipts = [
        text(
            "receipt-value",
            language,
            chain=shown(receipt["chainId"]),
            block=shown(receipt["blockNumber"]),
            tx=shown(receipt["txHash"]),
        )
        for receipt in sheet.receipts
    ]
    for line in receipts or [text("no-receipts", language)]:
        yield "receipts", line
