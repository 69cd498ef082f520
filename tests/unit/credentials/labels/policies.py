"""Policies of every shape, for property-based tests."""

import string

from hypothesis import strategies as st

from provenance.credentials.labels import (
    ALLOWED,
    NOT_ALLOWED,
    AigcKind,
    AigcLabel,
    Level,
    Origin,
    Permission,
    Rights,
    UsagePolicy,
)
from provenance.credentials.vocabulary import DIGITAL_SOURCE_TYPES

# Everything that a text may hold: XML's own characters, line breaks, other scripts, characters outside the BMP.
texts = (
    st.text(
        st.one_of(
            st.sampled_from("<>&\"' \t\n;:,艺术家🎨é"), st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"])
        ),
        min_size=1,
        max_size=40,
    )
    .map(str.strip)
    .filter(lambda text: text and not set(text) & {"\ufffe", "\uffff", "\x7f"})
)
urls = st.builds(
    "https://{}.example/{}".format,
    st.text(string.ascii_lowercase, min_size=1, max_size=8),
    st.text(string.ascii_letters + string.digits + "/?&=;,.~%+'()!$*@:-_[]#", max_size=20),
)
codes = st.text(string.ascii_letters + string.digits + string.punctuation, max_size=30)
permissions = st.one_of(st.just(ALLOWED), st.just(NOT_ALLOWED), st.builds(Permission, st.just(Level.CONSTRAINED), urls))
origins = st.builds(
    Origin,
    digital_source_type=st.sampled_from(sorted(DIGITAL_SOURCE_TYPES)),
    system=texts,
    system_version=st.none() | texts,
    prompt=st.none() | texts,
    prompt_writer=st.none() | texts,
)
rights = st.builds(
    Rights,
    creators=st.lists(texts, max_size=3).map(tuple),
    notice=st.none() | texts,
    credit=st.none() | texts,
    usage_terms=st.none() | texts,
    statement_url=st.none() | urls,
    licensor_name=st.none() | texts,
    licensor_url=urls,
)
aigc_labels = st.builds(
    AigcLabel,
    kind=st.sampled_from(AigcKind),
    producer=codes.filter(bool),
    produce_id=codes.filter(bool),
    producer_code=codes,
    propagator=codes,
    propagate_id=codes,
    propagator_code=codes,
)
policies = st.builds(
    UsagePolicy,
    data_mining=permissions,
    ai_inference=permissions,
    ai_training=permissions,
    generative_training=permissions,
    search_indexing=permissions,
    origin=st.none() | origins,
    rights=rights | st.just(Rights()),
    aigc=st.none() | aigc_labels,
)
