import hashlib
import json
from pathlib import Path

import pytest
import rfc8785

from provenance.core.errors import InvalidRequest
from provenance.licensing import TEMPLATES, template, terms_hash
from provenance.licensing.terms import MINING_KEYS, USES

FROZEN = json.loads((Path(__file__).parents[2] / "golden" / "licensing.json").read_text())


def test_templates_never_change():
    """A failure here means that licences already given would quote terms that nobody can show any more."""
    assert {slug: entry.hash for slug, entry in TEMPLATES.items()} == FROZEN


@pytest.mark.parametrize("slug", sorted(TEMPLATES))
def test_the_hash_is_over_the_canonical_document(slug):
    entry = template(slug)
    assert entry.hash == terms_hash(entry.document) == hashlib.sha256(rfc8785.dumps(entry.document)).hexdigest()
    assert entry.document["slug"] == entry.slug == slug


@pytest.mark.parametrize("slug", sorted(TEMPLATES))
def test_a_template_can_not_be_changed_in_memory(slug):
    entry = template(slug)
    entry.document["permissions"].append("everything")
    assert "everything" not in entry.document["permissions"]
    with pytest.raises(TypeError):
        TEMPLATES[slug] = entry


@pytest.mark.parametrize("slug", sorted(TEMPLATES))
def test_every_template_says_all_that_the_carriers_need(slug):
    entry = template(slug)
    assert set(entry.training_mining) == set(MINING_KEYS)
    assert all(rule["use"] in USES for rule in entry.training_mining.values())
    for language in ("en", "zh"):
        assert entry.document["title"][language]
        assert len(entry.text(language)) > 100
    assert not set(entry.document["permissions"]) & set(entry.document["prohibitions"])


@pytest.mark.parametrize("slug", sorted(TEMPLATES))
def test_no_template_lets_anybody_remove_the_mark(slug):
    document = template(slug).document
    assert "remove-mark" in document["prohibitions"]
    assert "keep-mark" in document["duties"]
    assert "watermark" in document["text"]["en"]
    assert "水印" in document["text"]["zh"]


@pytest.mark.parametrize(
    ("slug", "commercial", "inference"),
    [("personal", False, "notAllowed"), ("commercial", True, "allowed"), ("ai-training-denied", True, "notAllowed")],
)
def test_what_each_template_grants(slug, commercial, inference):
    entry = template(slug)
    assert ("commercial-use" in entry.document["permissions"]) is commercial
    assert entry.training_mining["cawg.ai_inference"] == {"use": inference}
    for key in ("cawg.data_mining", "cawg.ai_training", "cawg.ai_generative_training"):
        assert entry.training_mining[key] == {"use": "notAllowed"}


def test_prohibited_mining_and_entries_agree():
    document = template("ai-training-denied").document
    words = {"data-mining", "ai-training", "ai-generative-training", "ai-inference"}
    assert words <= set(document["prohibitions"])
    assert {key.removeprefix("cawg.").replace("_", "-") for key in document["trainingMining"]} == words


@pytest.mark.parametrize("slug", ["", "Personal", "public-domain", "../personal"])
def test_unknown_terms_name_those_that_exist(slug):
    with pytest.raises(InvalidRequest) as caught:
        template(slug)
    assert "personal, commercial, ai-training-denied" in caught.value.hint
