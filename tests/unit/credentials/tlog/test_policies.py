"""Policies: the specification's example, quorums of groups, and files that are refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provenance.core.errors import InvalidSignature, Misconfigured, NotWitnessed, UntrustedSigner
from provenance.credentials.tlog import Policy
from provenance.credentials.tlog.notes import cosign
from tests.unit.credentials.tlog.trees import LOG, NOON, ORIGIN, WITNESSES, Key, checkpoint_note

ROOT = bytes(32)
KEYS = [Key(20 + number, f"k{number}.example", 4) for number in range(6)]
EXAMPLE = f"""
# The example of c2sp.org/tlog-policy.
log {LOG.public.text}

witness X1 {KEYS[0].public.text} https://x1.example/witness
witness X2 {KEYS[1].public.text}
 \twitness\tX3 {KEYS[2].public.text}
group X-witnesses 2 X1 X2 X3

witness Y1 {KEYS[3].public.text}
witness Y2 {KEYS[4].public.text}
witness Y3 {KEYS[5].public.text}
group Y-witnesses any Y1 Y2 Y3

group X-and-Y all X-witnesses Y-witnesses
quorum X-and-Y
"""


def cosigned(*numbers):
    note = checkpoint_note(5, ROOT)
    return note.with_signatures(cosign(note.body, KEYS[n].public, KEYS[n].sign, at=NOON) for n in numbers).text


@pytest.mark.parametrize(
    ("numbers", "enough"),
    [((0, 1, 3), True), ((0, 2, 5), True), ((0, 1, 2), False), ((0, 3, 4, 5), False), ((), False)],
)
def test_the_example(numbers, enough):
    policy = Policy.parse(EXAMPLE)
    if enough:
        checked = policy.check(cosigned(*numbers))
        assert set(checked.witnessed.values()) == {NOON}
        assert len(checked.witnessed) == len(numbers)
    else:
        with pytest.raises(NotWitnessed, match="size 5"):
            policy.check(cosigned(*numbers))


def test_text_and_back():
    policy = Policy.parse(EXAMPLE)
    assert Policy.parse(policy.text) == policy
    assert policy.urls == {"X1": "https://x1.example/witness"}


def test_k_of_n():
    publics = [witness.public for witness in WITNESSES]
    note = checkpoint_note(5, ROOT, witnesses=2).text
    for quorum in range(3):
        assert len(Policy.of([LOG.public], publics, quorum=quorum).check(note).witnessed) == 2
    with pytest.raises(NotWitnessed):
        Policy.of([LOG.public], publics, quorum=3).check(note)
    with pytest.raises(Misconfigured, match="1 to 3"):
        Policy.of([LOG.public], publics, quorum=4)


def test_a_rotated_log_has_two_keys():
    successor = Key(2, ORIGIN, 1)
    policy = Policy.of([LOG.public, successor.public])
    for key in (LOG, successor):
        assert policy.check(checkpoint_note(5, ROOT, key=key).text).checkpoint.size == 5
    with pytest.raises(UntrustedSigner):
        policy.check(checkpoint_note(5, ROOT, key=Key(3, ORIGIN, 1)).text)


def test_a_wrong_cosignature_refuses_the_checkpoint():
    policy = Policy.of([LOG.public], [WITNESSES[0].public])
    elsewhere = checkpoint_note(6, ROOT, witnesses=1).signatures[1]
    with pytest.raises(InvalidSignature):
        policy.check(checkpoint_note(5, ROOT).with_signatures([elsewhere]).text)


LOG_LINE, W = f"log {LOG.public.text}", KEYS[0].public.text


@pytest.mark.parametrize(
    "text",
    [
        "",
        LOG_LINE,
        f"{LOG_LINE}\nquorum nobody",
        f"{LOG_LINE}\nquorum none\nquorum none",
        f"{LOG_LINE}\n{LOG_LINE}\nquorum none",
        f"log {W}\nquorum none",
        f"log {LOG.public.text} https://a https://b\nquorum none",
        "log nonsense\nquorum none",
        f"witness a {LOG.public.text}\nquorum none",
        f"witness none {W}\nquorum none",
        f"witness a {W}\nwitness a {KEYS[1].public.text}\nquorum a",
        f"witness a {W}\nwitness b {W}\nquorum a",
        f"witness a {W}\ngroup a any a\nquorum a",
        f"witness a {W}\ngroup g any g\nquorum a",
        f"witness a {W}\ngroup g 2 a\nquorum a",
        f"witness a {W}\ngroup g 0 a\nquorum a",
        f"witness a {W}\ngroup g -1 a\nquorum a",
        f"witness a {W}\ngroup g all\nquorum a",
        f"witness a {W}\ngroup g all a a\nquorum a",
        f"witness a {W}\ngroup g all a\ngroup h all a\nquorum a",
        f"quorum a\nwitness a {W}",
        "something else",
        "quorum none\n" + "#" * 70_000,
    ],
)
def test_files_that_are_refused(text):
    with pytest.raises(Misconfigured):
        Policy.parse(text)


def test_a_refusal_names_the_line():
    with pytest.raises(Misconfigured, match="line 2 of the policy"):
        Policy.parse("quorum none\nnonsense")


@given(
    st.lists(
        st.sampled_from(["log", "witness", "group", "quorum", "none", "all", "a", "b", "1", W, LOG.public.text, "\n"]),
        max_size=30,
    )
)
def test_noise_is_refused_or_a_policy(words):
    try:
        policy = Policy.parse(" ".join(words))
    except Misconfigured:
        return
    assert Policy.parse(policy.text) == policy
