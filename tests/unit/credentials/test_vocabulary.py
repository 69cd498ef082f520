import pytest

from provenance.core.errors import InvalidRequest
from provenance.credentials import vocabulary as v


def test_the_terms_that_ai_art_uses_are_there():
    wanted = {v.TRAINED_ALGORITHMIC_MEDIA, v.COMPOSITE_WITH_TRAINED_ALGORITHMIC_MEDIA, v.ALGORITHMIC_MEDIA}
    assert wanted <= v.DIGITAL_SOURCE_TYPES
    assert v.check_digital_source_type(v.ALGORITHMIC_MEDIA) == v.ALGORITHMIC_MEDIA


@pytest.mark.parametrize(
    "uri",
    [
        "trainedAlgorithmicMedia",
        v.TRAINED_ALGORITHMIC_MEDIA.replace("http:", "https:"),
        v.IPTC + "minorHumanEdits",  # retired
        v.IPTC + "digitalArt",  # retired
        v.TRAINED_ALGORITHMIC_MEDIA + "/",
        "",
    ],
)
def test_anything_else_is_refused(uri):
    with pytest.raises(InvalidRequest, match="digital source type"):
        v.check_digital_source_type(uri)
