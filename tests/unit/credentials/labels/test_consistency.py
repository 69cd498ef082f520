"""Every label, header and document of one policy is written, read back, and held against all the others."""

import itertools
import json

import pytest
from hypothesis import given

from provenance.core.errors import ContradictoryLabels
from provenance.credentials.labels import (
    ALLOWED,
    NOT_ALLOWED,
    AigcLabel,
    Level,
    Origin,
    Packet,
    Permission,
    Reading,
    Rights,
    UsagePolicy,
    Use,
    consistent,
    labelled,
    metadata_assertion,
    policy_headers,
    read_aigc,
    read_content_usage,
    read_metadata,
    read_robots,
    read_rsl,
    read_tdmrep,
    read_tdmrep_headers,
    read_training_mining,
    read_xmp,
    reading_of,
    robots_txt,
    rsl_document,
    tdmrep_document,
    training_mining_entries,
    xmp_properties,
)
from tests.unit.credentials.labels.policies import policies

PAGE = "https://art.example/conditions"
ANSWERS = (ALLOWED, NOT_ALLOWED, Permission(Level.CONSTRAINED, PAGE))
EVERY = [UsagePolicy(**dict(zip(
    ("data_mining", "ai_inference", "ai_training", "generative_training", "search_indexing"), answers, strict=True
))) for answers in itertools.product(ANSWERS, repeat=5)]  # fmt: skip


def readings(policy: UsagePolicy) -> list[Reading]:
    """What nine sources say, each read from the bytes that a stranger would get."""
    headers = policy_headers(policy, licence_url="/license.xml", terms_url=PAGE, preferences=True)
    robots = robots_txt(
        policy, licence_path="/license.xml", licence_url="https://art.example/license.xml", preferences=True
    )
    entries = json.loads(json.dumps(training_mining_entries(policy)))
    return [
        reading_of(policy),
        read_xmp(Packet(labelled(None, xmp_properties(policy))).properties()),
        read_training_mining(entries),
        read_metadata(json.loads(json.dumps(metadata_assertion(policy)))),
        read_tdmrep(json.dumps(tdmrep_document(policy, terms_url=PAGE)).encode()),
        read_tdmrep_headers(headers),
        read_rsl(rsl_document(policy, terms_url=PAGE)),
        read_robots(robots),
        read_content_usage(headers["content-usage"]),
    ]


@pytest.mark.parametrize("first", range(0, len(EVERY), 27))
def test_nothing_contradicts_anything_whatever_the_permissions(first):
    for policy in EVERY[first : first + 27]:
        found = readings(policy)
        assert all(reading.statements for reading in found)
        consistent(found)


@given(policies)
def test_nothing_contradicts_anything_whatever_the_texts_and_addresses(policy):
    consistent(readings(policy))


@given(policies)
def test_cawg_says_the_policy_itself(policy):
    found = {
        next(iter(s.uses)): (s.levels, s.constraint)
        for s in read_training_mining(training_mining_entries(policy)).statements
    }
    for use in set(Use) - {Use.SEARCH_INDEXING}:
        permission = policy.permission(use)
        assert found[use] == ({permission.level}, permission.constraint)


@given(policies)
def test_xmp_gives_every_property_back(policy):
    written = {name: value for name, value in xmp_properties(policy).items() if value}
    read = Packet(labelled(None, xmp_properties(policy))).properties()
    assert read == written
    if policy.aigc is not None:
        assert read_aigc(str(read["TC260:AIGC"])) == policy.aigc


def test_policies_that_differ_are_told_apart():
    for policy, other in itertools.combinations(EVERY[::27], 2):
        with pytest.raises(ContradictoryLabels):
            consistent([*readings(policy), reading_of(other)])


def test_the_contradiction_is_named_exactly():
    closed, open_ = UsagePolicy(), UsagePolicy(ai_training=ALLOWED)
    with pytest.raises(ContradictoryLabels) as caught:
        consistent([read_training_mining(training_mining_entries(open_)), *readings(closed)[1:2]])
    assert caught.value.reason == (
        "labels contradict each other: cawg.training-mining says 'AI training: allowed' but "
        "XMP plus:DataMining says 'DMI-PROHIBITED-EXCEPTSEARCHENGINEINDEXING'"
    )


def test_a_contradiction_of_three_is_found_where_any_two_agree():
    """One bit says that something is reserved; two others say that nothing is."""
    reserved = read_tdmrep_headers({"tdm-reservation": "1"})
    everything = UsagePolicy(data_mining=ALLOWED, ai_training=ALLOWED, generative_training=ALLOWED)
    entries = training_mining_entries(everything)
    mining = read_training_mining({"cawg.data_mining": entries["cawg.data_mining"]})
    training = read_content_usage("train-ai=y")
    consistent([reserved, mining])
    consistent([reserved, training])
    with pytest.raises(ContradictoryLabels, match=r"tdm-reservation: 1.*data mining: allowed.*train-ai=y"):
        consistent([reserved, mining, training])


def test_two_addresses_for_one_condition_contradict():
    one = UsagePolicy(ai_inference=Permission(Level.CONSTRAINED, PAGE))
    two = UsagePolicy(ai_inference=Permission(Level.CONSTRAINED, PAGE + "/2"))
    with pytest.raises(ContradictoryLabels, match="conditions/2"):
        consistent([reading_of(one), read_rsl(rsl_document(two))])


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"origin": Origin(system="Brush", system_version="2")}, "AI system's version"),
        ({"rights": Rights(statement_url=PAGE)}, "rights statement"),
        ({"rights": Rights(creators=("Ada", "Bob"))}, "creator"),
        ({"rights": Rights(licensor_url=PAGE)}, "licensor"),
    ],
)
def test_texts_are_compared_too(change, words):
    before = {
        "origin": Origin(system="Brush", system_version="1"),
        "rights": Rights(creators=("Ada",), statement_url=PAGE + "/1", licensor_url=PAGE + "/1"),
    }
    one, two = UsagePolicy(**before), UsagePolicy(**(before | change))
    with pytest.raises(ContradictoryLabels, match=f"the {words} is"):
        consistent([read_metadata(metadata_assertion(one)), read_xmp(xmp_properties(two))])


def test_nothing_said_contradicts_nothing():
    consistent([])
    consistent([Reading("a file without labels"), reading_of(UsagePolicy())])


def test_the_aigc_label_stands_once_and_not_in_the_manifest_too():
    policy = UsagePolicy(aigc=AigcLabel(producer="0011", produce_id="pv-1"))
    assert "TC260" not in json.dumps(metadata_assertion(policy))
    assert labelled(None, xmp_properties(policy)).count(b"TC260:AIGC>{") == 1
