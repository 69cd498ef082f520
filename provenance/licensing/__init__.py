"""Licence templates, the rules of offers and grants, and money. Pure; described in docs/licensing.md."""

from provenance.licensing.money import check_price, formatted, minor_units
from provenance.licensing.rules import LicenceClaims, check_grant, check_offer, holds, is_licensed
from provenance.licensing.terms import TEMPLATES, Template, template, terms_hash

__all__ = [
    "TEMPLATES",
    "LicenceClaims",
    "Template",
    "check_grant",
    "check_offer",
    "check_price",
    "formatted",
    "holds",
    "is_licensed",
    "minor_units",
    "template",
    "terms_hash",
]
