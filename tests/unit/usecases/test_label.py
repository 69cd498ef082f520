"""What the service says about works: one policy, from the licence terms and the settings."""

import json

import numpy as np
import pytest

from provenance.adapters.images import PillowImages
from provenance.core.errors import InvalidRequest
from provenance.core.types import WorkId
from provenance.credentials.labels import (
    Origin,
    Packet,
    consistent,
    read_aigc,
    read_robots,
    read_rsl,
    read_tdmrep,
    read_tdmrep_headers,
    read_xmp,
    reading_of,
)
from provenance.licensing import TEMPLATES
from provenance.usecases.label import Label
from tests.unit.usecases.conftest import painting, png

BASE = "https://art.example"
LABEL = Label(images=PillowImages(), base_url=BASE)


@pytest.mark.parametrize("terms", sorted(TEMPLATES))
def test_documents_headers_and_files_under_the_same_terms_agree(terms, studio):
    work = studio.registered(901, terms=terms)
    label = Label(images=PillowImages(), base_url=BASE, default_terms=terms, preferences=True)
    policy = label.policy(terms, work_id=work.id, origin=Origin(system="Brush"), creators=("Ada",))
    packet = PillowImages().read(label(png(painting(3)), policy)).source
    found = Packet(packet[packet.index(b"<?xpacket") : packet.index(b'<?xpacket end="w"?>') + 19])
    consistent(
        [
            reading_of(policy),
            read_xmp(found.properties()),
            read_robots(label.robots()),
            read_tdmrep(label.tdmrep()),
            read_tdmrep_headers(label.headers(work)),
            read_rsl(label.licence()),
            read_rsl(label.licence(work)),
        ]
    )
    assert found.properties()["xmpRights:WebStatement"] == f"{BASE}/v1/terms/{terms}"
    assert found.properties()["xmpRights:UsageTerms"] == TEMPLATES[terms].text("en")
    assert found.properties()["dc:creator"] == ("Ada",)


def test_a_file_is_labelled_without_a_change_of_its_pixels():
    data = png(painting(4))
    labelled = LABEL(data, LABEL.policy("personal", origin=Origin()))
    images = PillowImages()
    np.testing.assert_array_equal(images.read(labelled).pixels, images.read(data).pixels)
    assert b"trainedAlgorithmicMedia" in labelled


def test_a_producers_code_makes_an_aigc_label_with_the_works_number():
    label = Label(images=PillowImages(), producer="001191330000MA0000000X00000")
    policy = label.policy("personal", work_id=WorkId(7))
    assert policy.aigc is not None
    assert read_aigc(policy.aigc.json()).produce_id == str(WorkId(7))
    assert label.policy("personal").aigc is None
    assert LABEL.policy("personal", work_id=WorkId(7)).aigc is None


def test_what_no_label_can_carry_is_refused():
    with pytest.raises(InvalidRequest):
        Label(images=PillowImages(), producer="某公司").policy("personal", work_id=WorkId(7))
    with pytest.raises(InvalidRequest):
        LABEL.policy("no-such-terms")
    with pytest.raises(InvalidRequest):
        Label(images=PillowImages(), licensor_url="call us").policy("personal")


def test_without_a_public_address_nothing_pretends_to_have_one(studio):
    label = Label(images=PillowImages())
    work = studio.registered(902)
    assert "License:" not in label.robots()
    assert json.loads(label.tdmrep()) == [{"location": "/", "tdm-reservation": 1}]
    assert b"<terms>" not in label.licence()
    assert label.headers(work)["link"].startswith(f"</v1/works/{work.id}/license.xml>")


def test_rsl_of_a_work_speaks_of_its_file_alone(studio):
    work = studio.registered(903, terms="commercial")
    document = LABEL.licence(work).decode()
    assert f'<content url="/v1/works/{work.id}/file">' in document
    assert '<permits type="usage">ai-input search</permits>' in document
    assert '<permits type="usage">search</permits>' in LABEL.licence().decode()


def test_a_visible_label_is_drawn_only_where_it_is_wanted():
    pixels = painting(5, side=128)
    assert LABEL.stamp(pixels) is pixels
    stamped = Label(images=PillowImages(), visible="zh").stamp(pixels)
    assert (stamped != pixels).any()
    assert stamped.shape == pixels.shape
