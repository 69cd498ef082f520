"""The status lists as the service publishes them: signed again when they change, and before anybody's copy is old."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from provenance.core.errors import NotFound
from provenance.core.ports import Clock, Signer, Store
from provenance.core.records import StatusPurpose
from provenance.credentials import LIST_BITS, ListFacts, issue_status_list, list_url

LIFE: Final = timedelta(hours=6)
"""How long a verifier may use a copy: as long may a revocation stay unseen by one who was handed an old list."""

FRESH: Final = timedelta(minutes=5)
"""How long the service answers with the same signature, where nothing changed."""


@dataclass(frozen=True, slots=True)
class _Issued:
    facts: ListFacts
    at: datetime
    key_id: str
    document: dict[str, Any]


@dataclass(slots=True, kw_only=True)
class StatusLists:
    """`base_url` None: the issuer has no public address, no certificate names a list, and there is none."""

    store: Store
    signer: Signer
    issuer: str
    base_url: str | None
    clock: Clock
    _issued: dict[tuple[StatusPurpose, int], _Issued] = field(default_factory=dict)

    def __call__(self, purpose: StatusPurpose, number: int) -> dict[str, Any]:
        """The signed list. Raises NotFound where no certificate has a place in it."""
        facts, now = self._facts(purpose, number), self.clock()
        known = self._issued.get((purpose, number))
        if known and known.facts == facts and known.key_id == self.signer.key_id and now - known.at < FRESH:
            return known.document
        document = issue_status_list(
            facts, signer=self.signer, issuer=self.issuer, valid_from=now, valid_until=now + LIFE
        )
        self._issued[purpose, number] = _Issued(facts, now, self.signer.key_id, document)
        return document

    def _facts(self, purpose: StatusPurpose, number: int) -> ListFacts:
        with self.store.read() as unit:
            last = unit.statuses.last()
            marked = unit.statuses.marked(purpose)
        if self.base_url is None or not 0 <= number <= max(last, 0) // LIST_BITS:
            raise NotFound(f"there is no status list {purpose.value}/{number}")
        start = number * LIST_BITS
        positions = tuple(index - start for index in marked if start <= index < start + LIST_BITS)
        return ListFacts(list_url(self.base_url, purpose, number), purpose, positions)
