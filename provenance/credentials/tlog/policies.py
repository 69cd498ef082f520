"""C2SP tlog-policy: which logs a verifier believes, and which of their witnesses have to have cosigned."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from provenance.core.errors import Misconfigured, NotWitnessed
from provenance.credentials.messages import refusal
from provenance.credentials.tlog.checkpoints import Checkpoint, open_checkpoint
from provenance.credentials.tlog.notes import COSIGNATURE, ED25519, Note, VerifierKey

NOBODY: Final = "none"
MAX_POLICY: Final = 64 * 1024
_EVERY: Final = "witnesses"
_HINT: Final = "see c2sp.org/tlog-policy"


@dataclass(frozen=True, slots=True)
class Group:
    """Has witnessed what at least `threshold` of its members, witnesses or groups, have witnessed."""

    threshold: int
    members: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Checked:
    """A checkpoint that the policy accepts, and when each witness cosigned it."""

    checkpoint: Checkpoint
    note: Note
    witnessed: dict[str, datetime]


@dataclass(frozen=True, slots=True)
class Policy:
    """`logs` may hold several keys of one origin (after a rotation). `witnesses` are keys by name, `urls` where these
    are asked; `quorum` names a witness, a group, or "none"."""

    logs: tuple[VerifierKey, ...]
    witnesses: dict[str, VerifierKey] = field(default_factory=dict)
    groups: dict[str, Group] = field(default_factory=dict)
    quorum: str = NOBODY
    urls: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, logs: Sequence[VerifierKey], witnesses: Sequence[VerifierKey] = (), *, quorum: int = 0) -> "Policy":
        """At least `quorum` of these witnesses, which go by their keys' names. Raises Misconfigured."""
        lines = [f"log {key.text}" for key in logs] + [f"witness {key.name} {key.text}" for key in witnesses]
        if quorum:
            lines.append(f"group {_EVERY} {quorum} {' '.join(key.name for key in witnesses)}")
        return cls.parse("\n".join([*lines, f"quorum {_EVERY if quorum else NOBODY}"]))

    @classmethod
    def parse(cls, text: str) -> "Policy":
        """Read a policy file. Raises Misconfigured, since the verifier brought it."""
        reader = _Reader()
        if len(text) > MAX_POLICY:
            raise Misconfigured(f"the policy is longer than {MAX_POLICY // 1024} KiB", hint=_HINT)
        for number, line in enumerate(text.split("\n"), start=1):
            words = line.replace("\t", " ").split(" ")
            words = [word for word in words if word]
            if words and not words[0].startswith("#"):
                reader.read(number, words)
        return reader.policy()

    @property
    def text(self) -> str:
        """The policy as a file."""
        lines = [f"log {key.text}" for key in self.logs]
        lines += [f"witness {n} {key.text} {self.urls.get(n, '')}".rstrip() for n, key in self.witnesses.items()]
        lines += [f"group {n} {group.threshold} {' '.join(group.members)}" for n, group in self.groups.items()]
        return "".join(f"{line}\n" for line in [*lines, f"quorum {self.quorum}"])

    def check(self, data: bytes | str) -> Checked:
        """A checkpoint note that this policy accepts.

        Raises MalformedLogProof, UntrustedSigner, InvalidSignature, NotWitnessed.
        """
        checkpoint, note = open_checkpoint(data, self.logs)
        times = note.signers(self.witnesses.values())
        witnessed = {name: at for name, key in self.witnesses.items() if (at := times.get(key)) is not None}
        if not self._holds(self.quorum, witnessed):
            names = ", ".join(sorted(witnessed)) or "-"
            raise refusal(NotWitnessed, "log-quorum", size=str(checkpoint.size), names=names)
        return Checked(checkpoint, note, witnessed)

    def _holds(self, name: str, witnessed: dict[str, datetime]) -> bool:
        """Groups name only what stands before them, so this ends."""
        group = self.groups.get(name)
        if group is None:
            return name == NOBODY or name in witnessed
        return sum(self._holds(member, witnessed) for member in group.members) >= group.threshold


class _Reader:
    """Collects a policy line by line."""

    def __init__(self) -> None:
        self._logs: list[VerifierKey] = []
        self._witnesses: dict[str, VerifierKey] = {}
        self._urls: dict[str, str] = {}
        self._groups: dict[str, Group] = {}
        self._members: set[str] = set()
        self._quorum: str | None = None

    def read(self, number: int, words: list[str]) -> None:
        """Raises Misconfigured, naming the line."""
        try:
            match words:
                case ["log", vkey, *url] if len(url) < 2:
                    self._add_log(VerifierKey.parse(vkey))
                case ["witness", name, vkey, *url] if len(url) < 2:
                    self._add_witness(name, VerifierKey.parse(vkey), url)
                case ["group", name, threshold, *members] if members:
                    self._add_group(name, threshold, tuple(members))
                case ["quorum", name] if self._quorum is None and (name == NOBODY or self._known(name)):
                    self._quorum = name
                case _:
                    raise Misconfigured("it is none that a policy has, or names what is not defined before it")
        except Misconfigured as error:
            raise Misconfigured(f"line {number} of the policy: {error.reason}", hint=error.hint or _HINT) from None

    def policy(self) -> Policy:
        """Raises Misconfigured without a quorum line."""
        if self._quorum is None:
            raise Misconfigured("the policy has no quorum line", hint="`quorum none` asks for no witness")
        return Policy(tuple(self._logs), self._witnesses, self._groups, self._quorum, self._urls)

    def _known(self, name: str) -> bool:
        return name in self._witnesses or name in self._groups

    def _free(self, name: str) -> None:
        if name == NOBODY or self._known(name):
            raise Misconfigured(f"the name {name[:80]!r} is taken")

    def _add_log(self, key: VerifierKey) -> None:
        if key.kind != ED25519 or key.public_key in {log.public_key for log in self._logs}:
            raise Misconfigured("a log has an Ed25519 key (0x01) of its own")
        self._logs.append(key)

    def _add_witness(self, name: str, key: VerifierKey, url: list[str]) -> None:
        self._free(name)
        if key.kind != COSIGNATURE or key.public_key in {known.public_key for known in self._witnesses.values()}:
            raise Misconfigured("a witness has a cosignature key (0x04) of its own")
        self._witnesses[name] = key
        if url:
            self._urls[name] = url[0]

    def _add_group(self, name: str, threshold: str, members: tuple[str, ...]) -> None:
        self._free(name)
        if not all(map(self._known, members)) or len(set(members)) < len(members) or self._members & set(members):
            raise Misconfigured("a member is defined before its group, and is in one group only")
        words = {"any": 1, "all": len(members)}
        needed = words.get(threshold) or (int(threshold) if threshold.isascii() and threshold.isdecimal() else 0)
        if not 1 <= needed <= len(members):
            raise Misconfigured(f"a threshold is any, all, or 1 to {len(members)}")
        self._members |= set(members)
        self._groups[name] = Group(needed, members)
