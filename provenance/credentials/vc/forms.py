"""Small checks that shapes are made of: each takes a value and its path, and raises MalformedCertificate."""

import base64
import binascii
import re
from collections.abc import Callable, Mapping
from typing import Any

from provenance.core.errors import InvalidRequest, MalformedCertificate
from provenance.credentials.messages import refusal

Check = Callable[[Any, str], None]


def invalid(path: str, rule: str) -> MalformedCertificate:
    return refusal(MalformedCertificate, "field-invalid", path=path, rule=rule)


def pattern(expression: str, rule: str) -> Check:
    compiled = re.compile(expression)

    def check(value: Any, path: str) -> None:
        if not isinstance(value, str) or not compiled.fullmatch(value):
            raise invalid(path, rule)

    return check


def whole(lowest: int, highest: int) -> Check:
    def check(value: Any, path: str) -> None:
        if type(value) is not int or not lowest <= value <= highest:  # bool is an int, 3.0 is none
            raise invalid(path, f"a whole number from {lowest} to {highest}")

    return check


def exactly(expected: Any) -> Check:
    def check(value: Any, path: str) -> None:
        if value != expected:
            raise invalid(path, repr(expected))

    return check


def one_of(*expected: str) -> Check:
    def check(value: Any, path: str) -> None:
        if not isinstance(value, str) or value not in expected:
            raise invalid(path, " or ".join(expected))

    return check


def base64_text(*, most: int) -> Check:
    """Padded standard base64 in its one canonical spelling, of up to `most` bytes."""

    def check(value: Any, path: str) -> None:
        try:
            if not isinstance(value, str) or not 0 < len(value) <= 4 * (most + 2) // 3:
                raise invalid(path, f"base64 of up to {most} bytes")
            if base64.b64encode(base64.b64decode(value, validate=True)).decode() != value:
                raise invalid(path, "base64 with clean last bits")
        except (binascii.Error, ValueError):
            raise invalid(path, "padded standard base64") from None

    return check


def accepted(parse: Callable[[str], object], rule: str) -> Check:
    """A string that `parse` takes without ValueError or InvalidRequest."""

    def check(value: Any, path: str) -> None:
        try:
            if not isinstance(value, str):
                raise ValueError(rule)
            parse(value)
        except (ValueError, InvalidRequest):
            raise invalid(path, rule) from None

    return check


def several(item: Check, *, most: int, least: int = 0) -> Check:
    def check(value: Any, path: str) -> None:
        if not isinstance(value, list) or not least <= len(value) <= most:
            raise invalid(path, f"a list of {least} to {most}" if least else f"a list of up to {most}")
        for index, entry in enumerate(value):
            item(entry, f"{path}[{index}]")

    return check


def in_order(*items: Check) -> Check:
    """A list of exactly these."""

    def check(value: Any, path: str) -> None:
        if not isinstance(value, list) or len(value) != len(items):
            raise invalid(path, f"a list of {len(items)}")
        for index, (item, entry) in enumerate(zip(items, value, strict=True)):
            item(entry, f"{path}[{index}]")

    return check


def an_object(value: Any, path: str) -> None:
    if not isinstance(value, dict):
        raise invalid(path, "an object")


def record(required: Mapping[str, Check], optional: Mapping[str, Check] | None = None) -> Check:
    optional = optional or {}

    def check(value: Any, path: str) -> None:
        an_object(value, path or "document")
        prefix = f"{path}." if path else ""
        for name in required:
            if name not in value:
                raise refusal(MalformedCertificate, "field-missing", path=prefix + name)
        for name, member in value.items():
            rule = required.get(name) or optional.get(name)
            if rule is None:
                raise refusal(MalformedCertificate, "field-unknown", path=prefix + name)
            rule(member, prefix + name)

    return check
