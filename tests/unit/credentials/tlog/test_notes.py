"""Signed notes, verifier keys, cosignatures and checkpoints: the specifications' own examples, and what is refused."""

import contextlib
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provenance.core.errors import (
    InvalidSignature,
    MalformedLogProof,
    Misconfigured,
    UntrustedSigner,
)
from provenance.credentials.tlog.checkpoints import Checkpoint, open_checkpoint, read_hash, read_number
from provenance.credentials.tlog.notes import (
    MAX_NOTE,
    MAX_SIGNATURES,
    Note,
    SignatureLine,
    VerifierKey,
    cosign,
    from_base64,
    sign,
    signature_lines,
    signed_by,
    to_base64,
)
from tests.unit.credentials.tlog.trees import LOG, NOON, ORIGIN, WITNESSES, Key, checkpoint_note

# From c2sp.org/signed-note.
EXAMPLE_KEY = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k"
EXAMPLE_NOTE = """This is an example message.

\N{EM DASH} example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=
"""
ROOT = bytes(range(32))
NOTE = checkpoint_note(7, ROOT, witnesses=2)


class TestNotes:
    def test_the_example_of_the_specification_verifies(self):
        key = VerifierKey.parse(EXAMPLE_KEY)
        note = Note.parse(EXAMPLE_NOTE)
        assert signed_by(note, [key]) == key
        assert key.text == EXAMPLE_KEY
        assert note.text == EXAMPLE_NOTE
        with pytest.raises(InvalidSignature, match=r"example\.com/foo does not fit"):
            signed_by(replace(note, body="This is another message.\n"), [key])

    def test_unknown_signatures_are_ignored(self):
        stranger = Key(99, ORIGIN, 1)
        namesake = Key(98, LOG.public.name, 1)
        note = NOTE.with_signatures([sign(NOTE.body, stranger.public, stranger.sign)])
        assert list(note.signers([LOG.public])) == [LOG.public]
        assert note.signers([namesake.public]) == {}
        with pytest.raises(UntrustedSigner, match=ORIGIN):
            signed_by(note, [namesake.public])

    def test_a_known_key_that_signed_something_else_refuses_the_note(self):
        wrong = sign("something else\n", WITNESSES[0].public, WITNESSES[0].sign)
        forged = replace(NOTE, signatures=(NOTE.signatures[0], wrong))
        with pytest.raises(InvalidSignature):
            forged.signers([LOG.public, WITNESSES[0].public])
        assert list(forged.signers([LOG.public])) == [LOG.public]

    def test_signatures_are_added_once(self):
        again = NOTE.with_signatures(NOTE.signatures)
        assert again == NOTE

    def test_the_text_ends_at_the_last_empty_line(self):
        body = "first\n\nsecond\n"
        note = Note(body, (sign(body, LOG.public, LOG.sign),))
        assert Note.parse(note.text.encode()).body == body

    @pytest.mark.parametrize(
        "text",
        [
            "",
            "no signatures\n",
            "no signatures\n\n",
            EXAMPLE_NOTE[:-1],
            EXAMPLE_NOTE + "\n",
            EXAMPLE_NOTE.replace("\N{EM DASH} ", "- "),
            EXAMPLE_NOTE.replace("/foo ", "/fo o "),
            EXAMPLE_NOTE.replace("/foo ", "/f+o "),
            EXAMPLE_NOTE.replace("=\n", "\n"),
            EXAMPLE_NOTE.replace("aQM=\n", "aQN=\n"),
            EXAMPLE_NOTE.replace("message", "mes\tsage"),
            EXAMPLE_NOTE.replace("message", "mes\rsage"),
            "a\n\n\N{EM DASH} name AAAA\n",
            "a\n\n\N{EM DASH}  AAAAAAAA\n",
            "a\n\n" + "\N{EM DASH} name AAAAAAAA\n" * (MAX_SIGNATURES + 1),
            "a\n\n\N{EM DASH} name " + to_base64(bytes(MAX_NOTE)) + "\n",
            "\udc80\n\n\N{EM DASH} name AAAAAAAA\n",
        ],
    )
    def test_malformed_notes(self, text):
        with pytest.raises(MalformedLogProof):
            Note.parse(text)

    def test_bytes_that_are_not_utf_8(self):
        with pytest.raises(MalformedLogProof, match="UTF-8"):
            Note.parse(EXAMPLE_NOTE.encode().replace(b"message", b"mess\xffge"))

    @given(st.text(max_size=120) | st.binary(max_size=120))
    def test_noise_is_refused_or_a_note(self, data):
        try:
            note = Note.parse(data)
        except MalformedLogProof:
            return
        assert Note.parse(note.text) == note

    @given(st.integers(0, len(NOTE.text) - 1), st.characters())
    def test_a_changed_note_is_never_believed_to_say_something_else(self, place, character):
        text = NOTE.text[:place] + character + NOTE.text[place + 1 :]
        with contextlib.suppress(MalformedLogProof, UntrustedSigner, InvalidSignature):
            checkpoint, note = open_checkpoint(text, [LOG.public])
            note.signers([witness.public for witness in WITNESSES])
            assert checkpoint == Checkpoint(ORIGIN, 7, ROOT)


class TestKeys:
    @pytest.mark.parametrize("key", [LOG, *WITNESSES])
    def test_text_and_back(self, key):
        assert VerifierKey.parse(f" {key.public.text}\n") == key.public

    @pytest.mark.parametrize(
        "text",
        [
            "",
            "name",
            "name+12345678",
            EXAMPLE_KEY.replace("530d903a", "530d903b"),
            EXAMPLE_KEY.replace("530d903a", "530D903A"),
            EXAMPLE_KEY.replace("/foo", "/bar"),
            EXAMPLE_KEY.replace("example", "exam ple"),
            EXAMPLE_KEY[:-1],
            EXAMPLE_KEY[:-4],
            "+530d903a" + EXAMPLE_KEY.rpartition("+")[2],
            "name+00000000+" + to_base64(b"\x06" + bytes(1312)),
            "name+00000000+é",
        ],
    )
    def test_other_texts_are_none(self, text):
        with pytest.raises(Misconfigured):
            VerifierKey.parse(text)

    def test_a_type_that_is_not_verified_here_is_named(self):
        with pytest.raises(Misconfigured, match="0x06"):
            VerifierKey.parse("name+00000000+" + to_base64(b"\x06" + bytes(1312)))

    def test_one_public_key_has_another_id_for_each_use(self):
        assert len({VerifierKey(ORIGIN, kind, LOG.public.public_key).key_id for kind in (1, 4)}) == 2

    def test_a_public_key_that_is_no_point_verifies_nothing(self):
        key = VerifierKey(ORIGIN, 1, b"\xff" * 32)
        with pytest.raises(InvalidSignature):
            key.check("text\n", bytes(64))


class TestCosignatures:
    def test_they_say_when(self):
        assert NOTE.signers([witness.public for witness in WITNESSES]) == {
            WITNESSES[0].public: NOON,
            WITNESSES[1].public: NOON,
        }

    def test_the_signed_message_is_the_specified_one(self):
        signed = []
        cosign(NOTE.body, WITNESSES[0].public, lambda message: signed.append(message) or bytes(64), at=NOON)
        assert signed == [f"cosignature/v1\ntime 1772366400\nart.example/log\n7\n{to_base64(ROOT)}\n".encode()]

    def test_another_time_is_another_statement(self):
        line = NOTE.signatures[1]
        later = replace(
            line, signature=(int.from_bytes(line.signature[:8], "big") + 1).to_bytes(8, "big") + line.signature[8:]
        )
        with pytest.raises(InvalidSignature):
            replace(NOTE, signatures=(later,)).signers([WITNESSES[0].public])

    @pytest.mark.parametrize("signature", [b"", bytes(64), bytes(73), b"\xff" * 72])
    def test_other_lengths_and_times_are_refused(self, signature):
        with pytest.raises(InvalidSignature):
            WITNESSES[0].public.check(NOTE.body, signature)

    def test_a_plain_signature_is_no_cosignature(self):
        key = Key(10, WITNESSES[0].public.name, 1)
        assert key.public.public_key == WITNESSES[0].public.public_key
        note = replace(NOTE, signatures=(sign(NOTE.body, key.public, key.sign),))
        assert note.signers([WITNESSES[0].public]) == {}

    def test_lines_alone_are_a_witness_answer(self):
        text = "".join(line.text for line in NOTE.signatures[1:])
        assert signature_lines(text) == NOTE.signatures[1:]
        for wrong in ("", "\n", text + "\n", text[:-1]):
            with pytest.raises(MalformedLogProof):
                signature_lines(wrong)


class TestCheckpoints:
    def test_text_and_back(self):
        for checkpoint in (Checkpoint(ORIGIN, 0, ROOT), Checkpoint("x", 1 << 40, ROOT, ("one", "two"))):
            assert Checkpoint.parse(checkpoint.body) == checkpoint

    def test_it_opens_with_a_key_of_its_origin_only(self):
        assert open_checkpoint(NOTE.text, [LOG.public])[0].head == (7, ROOT)
        elsewhere = checkpoint_note(7, ROOT, origin="other.example/log")
        with pytest.raises(UntrustedSigner):
            open_checkpoint(elsewhere.text, [LOG.public])

    @pytest.mark.parametrize(
        "body",
        [
            "",
            "\n",
            "origin\n7\n",
            "origin\n7\nAAAA\n",
            f"\n7\n{to_base64(ROOT)}\n",
            f"origin\n07\n{to_base64(ROOT)}\n",
            f"origin\n-7\n{to_base64(ROOT)}\n",
            f"origin\n9223372036854775808\n{to_base64(ROOT)}\n",
            f"origin\n7\n{to_base64(ROOT)}",
            f"origin\n7\n{to_base64(ROOT)}\n\n",
            f"origin\n7\n{to_base64(ROOT)}\n\nextension\n",
            f"origin\n٧\n{to_base64(ROOT)}\n",
        ],
    )
    def test_malformed_ones(self, body):
        with pytest.raises(MalformedLogProof):
            Checkpoint.parse(body)

    def test_the_largest_size(self):
        assert read_number("9223372036854775807") == (1 << 63) - 1

    def test_hashes_and_base64_have_one_form(self):
        assert read_hash(to_base64(ROOT)) == ROOT
        for text in ("", to_base64(ROOT)[:-1], to_base64(ROOT + b"x"), to_base64(ROOT).replace("=", "\n")):
            with pytest.raises(MalformedLogProof):
                read_hash(text)
        with pytest.raises(ValueError, match="canonical"):
            from_base64("AB==")

    def test_a_signature_line_is_of_a_name_and_an_id(self):
        line = SignatureLine.parse(NOTE.signatures[0].text.rstrip("\n"))
        assert line.is_of(LOG.public)
        assert not line.is_of(WITNESSES[0].public)
