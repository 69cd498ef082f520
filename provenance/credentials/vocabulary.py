"""Closed vocabularies. Writers elsewhere accept any string here, so we check it ourselves."""

from typing import Final

from provenance.core.errors import InvalidRequest

IPTC: Final = "http://cv.iptc.org/newscodes/digitalsourcetype/"
C2PA: Final = "http://c2pa.org/digitalsourcetype/"

TRAINED_ALGORITHMIC_MEDIA: Final = IPTC + "trainedAlgorithmicMedia"
COMPOSITE_WITH_TRAINED_ALGORITHMIC_MEDIA: Final = IPTC + "compositeWithTrainedAlgorithmicMedia"
TRAINED_MEDIA: Final = frozenset({TRAINED_ALGORITHMIC_MEDIA, COMPOSITE_WITH_TRAINED_ALGORITHMIC_MEDIA})
"""What a trained model made, or helped to make."""
ALGORITHMIC_MEDIA: Final = IPTC + "algorithmicMedia"

# IPTC NewsCodes "Digital Source Type" as of 2024-09-17, without the retired terms (minorHumanEdits, digitalArt, …).
_IPTC_TERMS: Final = (
    "algorithmicMedia",
    "algorithmicallyEnhanced",
    "composite",
    "compositeCapture",
    "compositeSynthetic",
    "compositeWithTrainedAlgorithmicMedia",
    "computationalCapture",
    "dataDrivenMedia",
    "digitalCapture",
    "digitalCreation",
    "humanEdits",
    "negativeFilm",
    "positiveFilm",
    "print",
    "screenCapture",
    "trainedAlgorithmicMedia",
    "virtualRecording",
)
_C2PA_TERMS: Final = ("empty", "trainedAlgorithmicData")

DIGITAL_SOURCE_TYPES: Final = frozenset({IPTC + term for term in _IPTC_TERMS} | {C2PA + term for term in _C2PA_TERMS})


def check_digital_source_type(uri: str) -> str:
    """The URI itself. Raises InvalidRequest when it is no active term of the IPTC vocabulary or of C2PA's two."""
    if uri not in DIGITAL_SOURCE_TYPES:
        raise InvalidRequest(
            f"{uri[:80]!r} is not a digital source type",
            hint=f"AI-generated works use {TRAINED_ALGORITHMIC_MEDIA}",
        )
    return uri
