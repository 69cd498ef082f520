"""TDMRep, RSL, robots.txt, headers and assertions: their exact text, and what others write."""

import json
import urllib.robotparser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provenance.core.errors import InvalidRequest
from provenance.credentials.labels import (
    ALLOWED,
    NOT_ALLOWED,
    Level,
    Origin,
    Permission,
    Rights,
    UsagePolicy,
    Use,
    metadata_assertion,
    policy_headers,
    read_content_usage,
    read_metadata,
    read_robots,
    read_rsl,
    read_tdmrep,
    read_tdmrep_headers,
    read_training_mining,
    robots_txt,
    rsl_document,
    tdmrep_document,
    training_mining_entries,
)
from tests.unit.credentials.labels.policies import policies

TERMS = "https://art.example/v1/terms/personal"
SALES = "https://art.example/sales"
OPEN = UsagePolicy(
    data_mining=ALLOWED, ai_inference=ALLOWED, ai_training=ALLOWED, generative_training=ALLOWED, search_indexing=ALLOWED
)
CLOSED = UsagePolicy(search_indexing=NOT_ALLOWED)
SOLD = UsagePolicy(generative_training=Permission(Level.CONSTRAINED, SALES), ai_training=ALLOWED, ai_inference=ALLOWED)
HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n<rsl xmlns="https://rslstandard.org/rsl">'


def said(reading) -> dict[frozenset[Use], frozenset[Level]]:
    return {statement.uses: statement.levels for statement in reading.statements}


def test_tdmrep_reserves_where_any_mining_is_closed():
    assert tdmrep_document(UsagePolicy(), terms_url=TERMS) == [
        {"location": "/", "tdm-reservation": 1, "tdm-policy": TERMS}
    ]
    assert tdmrep_document(OPEN, terms_url=TERMS) == [{"location": "/", "tdm-reservation": 0}]
    assert tdmrep_document(SOLD, location="/art/*")[0] == {"location": "/art/*", "tdm-reservation": 1}


def test_headers_carry_the_reservation_the_terms_and_the_way_to_rsl():
    assert policy_headers(UsagePolicy(), licence_url="/license.xml", terms_url=TERMS) == {
        "tdm-reservation": "1",
        "tdm-policy": TERMS,
        "link": '</license.xml>; rel="license"; type="application/rsl+xml"',
    }
    assert policy_headers(OPEN, licence_url="/l", preferences=True)["content-usage"] == "train-ai=y, search=y"


@pytest.mark.parametrize("document", [b"", b"{}", b"[1]", b"\xff", b"[" * 200_000, b'{"tdm-reservation": 1}'])
def test_what_is_no_list_of_rules_is_refused(document):
    with pytest.raises(InvalidRequest, match=r"tdmrep\.json"):
        read_tdmrep(document)


@pytest.mark.parametrize("value", ["1", True, 2, None, [1]])
def test_other_values_of_the_reservation_say_nothing(value):
    assert read_tdmrep(json.dumps([{"location": "/", "tdm-reservation": value}]).encode()).statements == ()
    assert read_tdmrep_headers({"tdm-reservation": str(value) * 2}).statements == ()


@pytest.mark.parametrize(
    ("policy", "inside"),
    [
        (OPEN, '<license><permits type="usage">all</permits></license>'),
        (CLOSED, '<license><prohibits type="usage">all</prohibits></license>'),
        (UsagePolicy(), '<license><permits type="usage">search</permits><prohibits type="usage">ai-train ai-input '
                        "ai-index</prohibits></license>"),
        (SOLD, '<license><permits type="usage">ai-input search</permits><prohibits type="usage">ai-index</prohibits>'
               '</license><license><permits type="usage">ai-train</permits><prohibits type="usage">ai-index</prohibits>'
               f'<payment type="purchase"><custom>{SALES}</custom></payment></license>'),
    ],
)  # fmt: skip
def test_rsl_to_the_letter(policy, inside):
    assert rsl_document(policy).decode() == f'{HEAD}<content url="/">{inside}</content></rsl>'


def test_rsl_names_the_content_and_the_terms():
    document = rsl_document(UsagePolicy(), content_url="/v1/works/pv-1/file?a=1&b=2", terms_url=TERMS).decode()
    assert '<content url="/v1/works/pv-1/file?a=1&amp;b=2">' in document
    assert document.endswith(f"<terms>{TERMS}</terms></content></rsl>")
    assert read_rsl(document.encode()).facts == {"terms page": TERMS}


@given(policies)
def test_no_rsl_licence_is_without_words_on_usage(policy):
    """One without a `permits` for usage would permit whatever it does not prohibit."""
    reading = read_rsl(rsl_document(policy))
    spoken = {use for statement in reading.statements for use in statement.uses}
    assert spoken == set(Use)


@pytest.mark.parametrize(
    "document", [b"", b"<rsl/>", b"<!DOCTYPE rsl><rsl/>", b'<x xmlns="https://rslstandard.org/rsl"/>']
)
def test_what_is_no_rsl_is_refused(document):
    with pytest.raises(InvalidRequest, match="RSL"):
        read_rsl(document)


def test_rsl_of_others_is_understood():
    document = (
        HEAD
        + '<content url="/a"><license><permits type="user">education</permits><permits type="usage"> ai-all  later '
        '</permits><payment type="free"/></license><license><permits>ai-train</permits><payment type="crawl">'
        "<amount>1</amount></payment></license></content></rsl>"
    )
    found = [(str(statement), sorted(statement.levels)) for statement in read_rsl(document.encode()).statements]
    assert found == [
        *[("RSL says 'permits ai-all'", ["allowed"])] * 4,
        ("RSL says 'permits ai-train'", ["constrained"]),
    ]
    with pytest.raises(InvalidRequest, match="RSL payment"):
        read_rsl(document.replace("<amount>1</amount>", "<custom>call us</custom>").encode())


def test_robots_to_the_letter():
    text = robots_txt(
        UsagePolicy(), licence_path="/license.xml", licence_url="https://art.example/license.xml", preferences=True
    )
    assert text == (
        "User-agent: *\nAllow: /\nContent-Usage: train-ai=n, search=y\n\nLicense: https://art.example/license.xml\n"
    )
    assert robots_txt(OPEN, licence_path="/license.xml") == "User-agent: *\nAllow: /\n"


def test_another_parser_reads_robots_the_same_way():
    for policy, indexed in ((UsagePolicy(), True), (CLOSED, False), (SOLD, True)):
        parser = urllib.robotparser.RobotFileParser()
        parser.parse(robots_txt(policy, licence_path="/license.xml", licence_url=TERMS, preferences=True).splitlines())
        assert parser.can_fetch("Googlebot", "https://art.example/art") is indexed
        assert parser.can_fetch("Googlebot", "https://art.example/license.xml")
        assert parser.can_fetch("Googlebot", "https://art.example/.well-known/tdmrep.json")


def test_robots_of_others_are_understood():
    text = (
        "# all\nUser-agent: GPTBot\nDisallow: /\nContent-Usage: train-ai=y\n\nUser-Agent: Bing\nUSER-AGENT: * # all\n"
        "Allow : /\nContent-usage: search=n, train-ai = y, bots=n\nContent-Usage: /private/ train-ai=n\nnonsense\n"
        "Sitemap: https://a.example/s.xml\n"
    )
    assert said(read_robots(text)) == {
        frozenset({Use.SEARCH_INDEXING}): frozenset({Level.CONSTRAINED, Level.NOT_ALLOWED})
    }
    assert [str(statement) for statement in read_robots(text).statements] == [
        "robots.txt says 'Allow: /'",
        "robots.txt says 'search=n'",
    ]


@given(st.text(max_size=80))
def test_no_text_breaks_the_readers_of_lines(text):
    assert all(statement.uses for statement in read_robots(text).statements)
    assert all(statement.uses for statement in read_content_usage(text).statements)


def test_the_preferences_of_a_response():
    assert said(read_content_usage("search=y")) == {frozenset({Use.SEARCH_INDEXING}): frozenset({Level.ALLOWED})}
    training = frozenset({Use.AI_TRAINING, Use.GENERATIVE_TRAINING})
    assert said(read_content_usage("train-ai=n")) == {training: frozenset({Level.CONSTRAINED, Level.NOT_ALLOWED})}


def test_training_mining_entries_to_the_letter():
    assert training_mining_entries(SOLD) == {
        "cawg.data_mining": {"use": "notAllowed"},
        "cawg.ai_inference": {"use": "allowed"},
        "cawg.ai_training": {"use": "allowed"},
        "cawg.ai_generative_training": {"use": "constrained", "constraint_info": SALES},
    }


def test_the_metadata_assertion_to_the_letter():
    policy = UsagePolicy(
        origin=Origin(system="Brush", system_version="3"),
        rights=Rights(creators=("Ada",), statement_url=TERMS, licensor_url=SALES),
    )
    assert metadata_assertion(policy) == {
        "@context": {
            "Iptc4xmpExt": "http://iptc.org/std/Iptc4xmpExt/2008-02-29/",
            "dc": "http://purl.org/dc/elements/1.1/",
            "plus": "http://ns.useplus.org/ldf/xmp/1.0/",
            "xmpRights": "http://ns.adobe.com/xap/1.0/rights/",
        },
        "Iptc4xmpExt:AISystemUsed": "Brush",
        "Iptc4xmpExt:AISystemVersionUsed": "3",
        "Iptc4xmpExt:DigitalSourceType": "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia",
        "dc:creator": ["Ada"],
        "plus:DataMining": "http://ns.useplus.org/ldf/vocab/DMI-PROHIBITED-EXCEPTSEARCHENGINEINDEXING",
        "plus:Licensor": [{"plus:LicensorURL": SALES}],
        "xmpRights:WebStatement": TERMS,
    }


@pytest.mark.parametrize(
    "change",
    [
        {"@context": {}},
        {"@context": "https://schema.org"},
        {"@context": {"plus": "https://evil.example/", "dc": "http://purl.org/dc/elements/1.1/"}},
        {"plus:DataMining": ["DMI-ALLOWED"]},
        {"dc:creator": "Ada"},
        {"dc:creator": [1]},
        {"plus:Licensor": ["x"]},
    ],
)
def test_a_metadata_assertion_that_says_something_else_under_our_names_is_refused(change):
    assertion = metadata_assertion(UsagePolicy(rights=Rights(creators=("Ada",), licensor_url=SALES)))
    with pytest.raises(InvalidRequest, match=r"cawg\.metadata"):
        read_metadata(assertion | change)


def test_properties_that_are_not_ours_are_left_alone():
    assertion = metadata_assertion(UsagePolicy()) | {"dc:title": 7, "exif:Lens": {"x": 1}}
    assert read_metadata(assertion).statements


def test_an_entry_that_is_not_there_says_nothing():
    assert read_training_mining({}).statements == ()
