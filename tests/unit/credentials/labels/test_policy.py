import pytest

from provenance.core.errors import InvalidRequest
from provenance.credentials.labels import ALLOWED, NOT_ALLOWED, Level, Origin, Permission, Rights, UsagePolicy, Use
from provenance.credentials.labels.policy import MAX_PROMPT, MAX_TEXT, check_text, check_url, policy_of_terms
from provenance.licensing import TEMPLATES

TERMS = "https://art.example/terms"
SEE_TERMS = Permission(Level.CONSTRAINED, TERMS)


def test_where_nothing_is_said_a_work_may_be_found_and_nothing_else():
    policy = UsagePolicy()
    assert {use for use in Use if policy.permission(use) == ALLOWED} == {Use.SEARCH_INDEXING}
    assert {policy.permission(use) for use in set(Use) - {Use.SEARCH_INDEXING}} == {NOT_ALLOWED}


@pytest.mark.parametrize("slug", sorted(TEMPLATES))
def test_a_templates_entries_are_the_policys_permissions(slug):
    entries = TEMPLATES[slug].training_mining
    policy = policy_of_terms(entries)
    assert policy.ai_inference.level == entries["cawg.ai_inference"]["use"]
    assert policy.ai_training.level == entries["cawg.ai_training"]["use"]
    assert policy.generative_training.level == entries["cawg.ai_generative_training"]["use"]
    assert policy.data_mining.level == entries["cawg.data_mining"]["use"]
    assert policy.search_indexing == ALLOWED


def test_a_use_that_the_terms_do_not_name_is_not_allowed():
    assert policy_of_terms({"cawg.ai_training": {"use": "allowed"}}) == UsagePolicy(ai_training=ALLOWED)


def test_conditions_of_the_terms_keep_their_address():
    entry = {"use": "constrained", "constraint_info": TERMS}
    policy = policy_of_terms({"cawg.data_mining": entry}, search_indexing=NOT_ALLOWED)
    assert list(policy.constraints()) == [(Use.DATA_MINING, TERMS)]
    assert policy.search_indexing == NOT_ALLOWED


@pytest.mark.parametrize(
    "entries",
    [
        {"c2pa.ai_training": {"use": "allowed"}},
        {"cawg.ai_training": {"use": "maybe"}},
        {"cawg.ai_training": {}},
        {"cawg.ai_training": {"use": "constrained"}},
        {"cawg.ai_training": {"use": "constrained", "constraints_info": TERMS}},  # the prose's wrong spelling
        {"cawg.ai_training": {"use": "allowed", "constraint_info": TERMS}},
    ],
)
def test_entries_that_are_not_cawgs_are_refused(entries):
    with pytest.raises(InvalidRequest):
        policy_of_terms(entries)


def test_the_strictest_of_several_uses_decides():
    policy = UsagePolicy(ai_training=ALLOWED, generative_training=SEE_TERMS, data_mining=ALLOWED)
    assert policy.strictest(Use.AI_TRAINING, Use.DATA_MINING) == ALLOWED
    assert policy.strictest(Use.AI_TRAINING, Use.GENERATIVE_TRAINING) == SEE_TERMS
    assert policy.strictest(*Use) == NOT_ALLOWED


@pytest.mark.parametrize(
    ("level", "address"), [(Level.CONSTRAINED, None), (Level.ALLOWED, TERMS), (Level.NOT_ALLOWED, TERMS)]
)
def test_a_constrained_use_and_only_that_has_an_address(level, address):
    with pytest.raises(InvalidRequest, match="constrained use"):
        Permission(level, address)


@pytest.mark.parametrize(
    "url", ["https://art.example", "http://a.example:8080/x?y=1&z=[2]#e", "https://xn--fiq.example/%E8"]
)
def test_web_addresses_pass(url):
    assert check_url(url, "it") == url


@pytest.mark.parametrize(
    "url",
    [
        "",
        "art.example/terms",
        "ftp://art.example/",
        "javascript:alert(1)",
        "https://",
        "https://ada@art.example/",
        "https://art.example/a b",
        "https://art.example/\r\nSet-Cookie: x",
        'https://art.example/">',
        "https://art.example/<script>",
        "https://艺术.example/",
        "https://[::1/",
        "https://art.example/" + "x" * 2_000,
    ],
)
def test_what_could_break_out_of_a_header_or_a_document_does_not(url):
    with pytest.raises(InvalidRequest, match="web address"):
        check_url(url, "the page")


@pytest.mark.parametrize("text", ["a sunset\nover <b>\t&", "日落", "🎨", "x" * MAX_TEXT])
def test_texts_pass(text):
    assert check_text(text, "it") == text


@pytest.mark.parametrize(
    "text", ["", " ", " a", "a\n", "a\x00b", "a\rb", "a\x1bb", "\ud800", "a\ufffeb", "x" * (MAX_TEXT + 1)]
)
def test_texts_that_xml_cannot_carry_are_refused(text):
    with pytest.raises(InvalidRequest, match="control characters"):
        check_text(text, "it")


def test_an_origin_is_checked():
    with pytest.raises(InvalidRequest, match="digital source type"):
        Origin(digital_source_type="trainedAlgorithmicMedia")
    with pytest.raises(InvalidRequest, match="needs the name"):
        Origin(system_version="3.5")
    with pytest.raises(InvalidRequest, match="the prompt has"):
        Origin(prompt="x" * (MAX_PROMPT + 1))
    with pytest.raises(InvalidRequest, match="the AI system's version has"):
        Origin(system="Brush", system_version="\x00")


def test_a_prompt_is_not_in_a_representation():
    origin = Origin(prompt="a secret sunset", prompt_writer="Ada L.")
    assert "secret" not in repr(UsagePolicy(origin=origin))
    assert "Ada" not in repr(origin)


def test_rights_are_checked():
    with pytest.raises(InvalidRequest, match="creator's name"):
        Rights(creators=("Ada", ""))
    with pytest.raises(InvalidRequest, match="credit line"):
        Rights(credit=" Ada")
    with pytest.raises(InvalidRequest, match="licensor's page is not"):
        Rights(licensor_url="buy here")
    with pytest.raises(InvalidRequest, match="needs the address"):
        Rights(licensor_name="Ada GmbH")
