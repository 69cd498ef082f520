"""What anybody reads about the use of works: robots.txt, TDMRep, RSL, and the headers of files."""

import json
from xml.etree import ElementTree as ET

import pytest

from provenance.adapters.images import PillowImages
from provenance.core.errors import Misconfigured
from provenance.credentials.labels import (
    Packet,
    consistent,
    read_content_usage,
    read_robots,
    read_rsl,
    read_tdmrep,
    read_tdmrep_headers,
    read_xmp,
)
from tests.service import Api

RSL = "{https://rslstandard.org/rsl}"


def test_robots_is_public_plain_text(api: Api):
    answer = api.http.get("/robots.txt")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    assert answer.text == "User-agent: *\nAllow: /\n"


def test_with_an_address_robots_leads_to_the_rsl_document(api_with):
    api = api_with(base_url="https://art.example", label_ai_preferences=True)
    lines = api.http.get("/robots.txt").text.splitlines()
    assert lines[-1] == "License: https://art.example/license.xml"
    assert "Content-Usage: train-ai=n, search=y" in lines
    assert api.http.get("/.well-known/tdmrep.json").json() == [
        {"location": "/", "tdm-reservation": 1, "tdm-policy": "https://art.example/v1/terms/personal"}
    ]
    assert ET.fromstring(api.http.get("/license.xml").content).find(f"*/{RSL}terms").text.endswith("/v1/terms/personal")


def test_the_documents_agree_with_each_other(api: Api):
    tdmrep = api.http.get("/.well-known/tdmrep.json")
    licence = api.http.get("/license.xml")
    assert tdmrep.headers["content-type"] == "application/json"
    assert licence.headers["content-type"] == "application/rsl+xml"
    assert licence.headers["access-control-allow-origin"] == "*"
    consistent([read_robots(api.http.get("/robots.txt").text), read_tdmrep(tdmrep.content), read_rsl(licence.content)])


def test_a_files_headers_say_what_its_own_terms_say(api_with):
    api = api_with(base_url="https://art.example", label_ai_preferences=True)
    work = api.register(terms="commercial")
    answer = api.http.get(f"/v1/works/{work['id']}/file", headers=api.auth())
    licence_path = f"/v1/works/{work['id']}/license.xml"
    assert answer.headers["tdm-reservation"] == "1"
    assert answer.headers["tdm-policy"] == "https://art.example/v1/terms/commercial"
    assert answer.headers["link"] == f'<https://art.example{licence_path}>; rel="license"; type="application/rsl+xml"'
    licence = api.http.get(licence_path)
    properties = Packet(PillowImages()._open(answer.content)[0].xmp).properties()
    consistent(
        [
            read_tdmrep_headers(answer.headers),
            read_content_usage(answer.headers["content-usage"]),
            read_rsl(licence.content),
            read_xmp(properties),
        ]
    )
    content = ET.fromstring(licence.content).find(f"{RSL}content")
    assert content is not None
    assert content.attrib["url"] == f"/v1/works/{work['id']}/file"


def test_the_rsl_document_of_a_work_that_is_not_here(api: Api):
    assert api.http.get("/v1/works/pv-0000000000000/license.xml").status_code == 404
    assert api.http.get("/v1/works/nonsense/license.xml").status_code == 400


@pytest.mark.parametrize(
    "setting",
    [
        {"label_producer": "某公司"},
        {"label_terms": "no-such-terms"},
        {"label_licensor_url": "call us"},
        {"label_credit": " "},
    ],
)
def test_a_setting_that_no_label_can_carry_stops_the_start_and_is_not_repeated(api_with, setting):
    service = api_with(**setting).service
    with pytest.raises(Misconfigured, match="PROVENANCE_LABEL_") as caught:
        service.start()
    assert "某公司" not in caught.value.reason


def test_settings_reach_the_label(api_with):
    service = api_with(
        label_terms="commercial", label_credit="Ada", label_licensor_url="https://art.example/buy", label_visible="zh"
    ).service
    label = service.label
    assert (label.default_terms, label.credit, label.licensor_url, label.visible) == (
        "commercial",
        "Ada",
        "https://art.example/buy",
        "zh",
    )
    assert json.loads(label.tdmrep())[0]["tdm-reservation"] == 1
    assert api_with().service.label.visible is None
