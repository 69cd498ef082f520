import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provenance.core.errors import TooLarge
from provenance.credentials.labels import (
    AigcLabel,
    Origin,
    Packet,
    UsagePolicy,
    labelled,
    read_aigc,
    read_xmp,
    xmp_properties,
)
from provenance.credentials.labels.packet import extended_digest

RDF = 'xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"'
SPACES = (
    f'{RDF} xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:plus="http://ns.useplus.org/ldf/xmp/1.0/" '
    'xmlns:my="https://ada.example/ns/" xmlns:TC260="http://www.tc260.org.cn/ns/AIGC/1.0/" '
    'xmlns:e="http://iptc.org/std/Iptc4xmpExt/2008-02-29/"'
)
ALLOWED = "http://ns.useplus.org/ldf/vocab/DMI-ALLOWED"
PROHIBITED = "http://ns.useplus.org/ldf/vocab/DMI-PROHIBITED"


def packet(inside: str, attributes: str = "") -> bytes:
    return (
        '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>\n'
        '<x:xmpmeta xmlns:x="adobe:ns:meta/" x:xmptk="Brush 3">\n'
        f'<rdf:RDF {SPACES}>\n<rdf:Description rdf:about="uuid:7" {attributes}>{inside}</rdf:Description>\n'
        f'</rdf:RDF>\n</x:xmpmeta>{" " * 50}<?xpacket end="w"?>'
    ).encode()


@pytest.mark.parametrize(
    "written",
    [
        packet(f"<plus:DataMining>{PROHIBITED}</plus:DataMining>"),
        packet(f'<plus:DataMining rdf:resource="{PROHIBITED}"/>'),
        packet("", f'plus:DataMining="{PROHIBITED}"'),
        packet(f"<plus:DataMining>{PROHIBITED}</plus:DataMining>").replace(b"plus:", b"p:").replace(b":plus=", b":p="),
        packet(f"<plus:DataMining>{PROHIBITED}</plus:DataMining>").split(b"?>", 1)[1].rpartition(b"<?")[0],
        packet(f"<plus:DataMining>{PROHIBITED}</plus:DataMining>") + b"\x00\x00",
        re.sub(rb"</?x:xmpmeta[^>]*>", b"", packet(f"<plus:DataMining>{PROHIBITED}</plus:DataMining>")),
    ],
)
def test_a_property_is_read_however_rdf_lets_it_be_written(written):
    assert Packet(written).properties() == {"plus:DataMining": PROHIBITED}


@pytest.mark.parametrize(
    ("inside", "expected"),
    [
        ("<dc:creator><rdf:Bag><rdf:li>Ada</rdf:li><rdf:li>Bob</rdf:li></rdf:Bag></dc:creator>",
         {"dc:creator": ("Ada", "Bob")}),
        ("<dc:creator>Ada</dc:creator>", {"dc:creator": ("Ada",)}),
        ('<dc:rights><rdf:Alt><rdf:li xml:lang="zh">甲</rdf:li><rdf:li xml:lang="x-default">A</rdf:li></rdf:Alt>'
         "</dc:rights>",
         {"dc:rights": "A"}),
        ('<dc:rights><rdf:Alt><rdf:li xml:lang="zh">甲</rdf:li></rdf:Alt></dc:rights>', {"dc:rights": "甲"}),
        ('<plus:Licensor><rdf:Seq><rdf:li rdf:parseType="Resource"><plus:LicensorURL>u</plus:LicensorURL></rdf:li>'
         "</rdf:Seq></plus:Licensor>", {"plus:Licensor": ({"plus:LicensorURL": "u"},)}),
        ('<plus:Licensor><rdf:Bag><rdf:li plus:LicensorURL="u" my:x="y"/></rdf:Bag></plus:Licensor>',
         {"plus:Licensor": ({"plus:LicensorURL": "u"},)}),
        ('<plus:Licensor><rdf:Seq><rdf:li><rdf:Description><plus:LicensorURL rdf:resource="u"/></rdf:Description>'
         "</rdf:li></rdf:Seq></plus:Licensor>", {"plus:Licensor": ({"plus:LicensorURL": "u"},)}),
        ("<dc:creator><rdf:Seq/></dc:creator><dc:rights/><plus:Licensor/>", {}),
        ("<my:DataMining>no</my:DataMining>", {}),
    ],
)  # fmt: skip
def test_arrays_languages_and_structures_are_read(inside, expected):
    assert Packet(packet(inside)).properties() == expected


def test_ours_replaces_every_property_of_its_name_and_nothing_else():
    old = packet(
        f"<plus:DataMining>{ALLOWED}</plus:DataMining><my:note>kept <![CDATA[<b>]]></my:note><my:list><rdf:Bag>"
        '<rdf:li my:q="1">one</rdf:li></rdf:Bag></my:list>',
        f'my:rating="5" plus:DataMining="{ALLOWED}"',
    )
    new = labelled(old, {"plus:DataMining": PROHIBITED})
    assert new.count(b"DataMining") == 2  # one element's two tags
    assert ALLOWED.encode() not in new
    for kept in (b'my:rating="5"', b"kept &lt;b&gt;", b'<rdf:li my:q="1">one</rdf:li>', b'rdf:about="uuid:7"'):
        assert kept in new


def test_an_old_constraint_does_not_stay_beside_a_new_permission():
    old = packet(
        "<plus:OtherConstraints>anything goes</plus:OtherConstraints><e:AISystemVersionUsed>1</e:AISystemVersionUsed>"
    )
    policy = UsagePolicy(origin=Origin(system="Brush"))
    new = Packet(labelled(old, xmp_properties(policy))).properties()
    assert "plus:OtherConstraints" not in new
    assert "Iptc4xmpExt:AISystemVersionUsed" not in new


def test_what_the_policy_does_not_say_is_left_to_the_owner():
    old = packet("<dc:creator>Ada</dc:creator><e:AIPromptInformation>a sunset</e:AIPromptInformation>")
    new = Packet(labelled(old, xmp_properties(UsagePolicy(origin=Origin(system="Brush"))))).properties()
    assert (new["dc:creator"], new["Iptc4xmpExt:AIPromptInformation"]) == (("Ada",), "a sunset")


def test_labelling_twice_is_the_same_as_once():
    properties = xmp_properties(UsagePolicy(aigc=AigcLabel(producer="0011", produce_id="1")))
    once = labelled(packet("<my:note>kept</my:note>"), properties)
    assert labelled(once, properties) == once


def test_a_prefix_that_means_something_else_to_the_owner_is_no_obstacle():
    old = (
        packet("<my:note>kept</my:note>")
        .replace(b"my", b"plus2")
        .replace(b"plus:", b"other:")
        .replace(b":plus=", b":other=")
    )
    old = old.replace(b"xmlns:plus2", b"xmlns:plus").replace(b"plus2:", b"plus:")
    new = labelled(old, {"plus:DataMining": PROHIBITED})
    assert Packet(new).properties() == {"plus:DataMining": PROHIBITED}
    assert b":note>kept</" in new
    assert b'"https://ada.example/ns/"' in new


@pytest.mark.parametrize(
    "old", [None, b"", b"not XML", b"<a/>", b"<!DOCTYPE a [<!ENTITY x 'y'>]><a>&x;</a>", b"\x00" * 9]
)
def test_a_packet_that_says_nothing_gives_way_to_a_new_one(old):
    assert labelled(old, {"plus:DataMining": PROHIBITED}) == labelled(None, {"plus:DataMining": PROHIBITED})


def test_there_is_one_aigc_label_and_its_producer_stays():
    theirs, ours = AigcLabel(producer="OTHER", produce_id="7"), AigcLabel(producer="0011", produce_id="pv-1")
    old = packet(f"<TC260:AIGC>{theirs.json()}</TC260:AIGC>")
    new = labelled(old, xmp_properties(UsagePolicy(aigc=ours)))
    assert new.count(b"<TC260:AIGC>") == 1
    label = read_aigc(Packet(new).text("TC260:AIGC") or "")
    assert (label.producer, label.propagator, label.propagate_id) == ("OTHER", "0011", "pv-1")


def test_without_a_label_of_ours_theirs_is_untouched():
    theirs = AigcLabel(producer="OTHER", produce_id="7").json()
    new = labelled(packet(f"<TC260:AIGC>{theirs}</TC260:AIGC>"), xmp_properties(UsagePolicy()))
    assert Packet(new).text("TC260:AIGC") == theirs


def test_what_does_not_fit_goes_to_the_extended_packet_the_largest_first():
    old = packet(f"<my:small>{'s' * 90}</my:small><my:large>{'L' * 9000}</my:large>", f'my:middle="{"m" * 900}"')
    merged = Packet(old)
    merged.update({"plus:DataMining": PROHIBITED})
    main, extended = merged.split(2_500)
    assert extended is not None
    assert len(main) <= 2_500
    assert extended_digest(extended).encode() in main
    assert (b"L" * 9000 in extended, b"m" * 900 in main, b"s" * 90 in main, PROHIBITED.encode() in main) == (True,) * 4
    assert not extended.startswith(b"<?xpacket")
    again = Packet(main, extended)
    assert again.split(100_000) == (again.serialise(), None)
    assert b"HasExtendedXMP" not in again.serialise()
    for part in (b"L" * 9000, b"m" * 900, b"s" * 90):
        assert part in again.serialise()


def test_a_long_prompt_of_ours_moves_only_when_nothing_else_is_left():
    merged = Packet(packet(f"<my:large>{'L' * 900}</my:large>"))
    merged.update(xmp_properties(UsagePolicy(origin=Origin(prompt="p" * 4_000))))
    main, extended = merged.split(2_500)
    assert extended is not None
    assert b"p" * 4_000 in extended
    assert b"L" * 900 in extended
    assert b"plus:DataMining" in main


def test_a_packet_that_cannot_be_split_is_too_large():
    with pytest.raises(TooLarge):
        Packet(packet("<my:note>kept</my:note>")).split(50)


@given(st.binary(max_size=120), st.integers(0, 400), st.integers(0, 255))
def test_no_damage_to_a_packet_breaks_the_merge(junk, at, byte):
    old = bytearray(packet(f"<plus:DataMining>{ALLOWED}</plus:DataMining><my:note>x</my:note>"))
    old[at % len(old)] = byte
    for damaged in (bytes(old), bytes(old) + junk, junk + bytes(old)):
        new = labelled(damaged, {"plus:DataMining": PROHIBITED})
        assert Packet(new).properties()["plus:DataMining"] == PROHIBITED


@pytest.mark.parametrize(
    ("term", "levels"),
    [
        ("DMI-PROHIBITED-SEEEMBEDDEDRIGHTSEXPR", 1),
        ("DMI-PROHIBITED-SEELINKEDRIGHTSEXPR", 1),
        ("DMI-UNSPECIFIED", 0),
        ("other", 0),
    ],
)
def test_what_others_say_about_mining_is_understood(term, levels):
    assert len(read_xmp({"plus:DataMining": "http://ns.useplus.org/ldf/vocab/" + term}).statements) == levels


@pytest.mark.parametrize(
    "words",
    [
        "ask Ada",
        "AI training: allowed, see https://a.example/",
        "knitting: allowed",
        "AI training: on conditions, see x",
    ],
)
def test_other_writers_words_about_constraints_are_no_statement_of_ours(words):
    properties = {
        "plus:DataMining": "http://ns.useplus.org/ldf/vocab/DMI-PROHIBITED-SEECONSTRAINT",
        "plus:OtherConstraints": words,
    }
    assert len(read_xmp(properties).statements) == 1
