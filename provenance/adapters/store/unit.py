"""One transaction, and the repositories that work inside it."""

from sqlmodel import Session

from provenance.adapters.store.repositories.anchors import SqlAnchors
from provenance.adapters.store.repositories.api_keys import SqlApiKeys
from provenance.adapters.store.repositories.batches import SqlBatches
from provenance.adapters.store.repositories.checks import SqlChecks
from provenance.adapters.store.repositories.decisions import SqlDecisions
from provenance.adapters.store.repositories.fingerprints import SqlFingerprints
from provenance.adapters.store.repositories.idempotency import SqlIdempotency
from provenance.adapters.store.repositories.licences import SqlLicences
from provenance.adapters.store.repositories.log import SqlLog
from provenance.adapters.store.repositories.manifests import SqlManifests
from provenance.adapters.store.repositories.model_sets import SqlModelSets
from provenance.adapters.store.repositories.outbox import SqlOutbox
from provenance.adapters.store.repositories.statuses import SqlStatuses
from provenance.adapters.store.repositories.upload_prints import SqlUploadPrints
from provenance.adapters.store.repositories.watches import SqlWatches
from provenance.adapters.store.repositories.works import SqlWorks


class SqlUnit:
    def __init__(self, session: Session) -> None:
        self.works = SqlWorks(session)
        self.fingerprints = SqlFingerprints(session)
        self.checks = SqlChecks(session)
        self.outbox = SqlOutbox(session)
        self.api_keys = SqlApiKeys(session)
        self.idempotency = SqlIdempotency(session)
        self.anchors = SqlAnchors(session)
        self.licences = SqlLicences(session)
        self.log = SqlLog(session)
        self.manifests = SqlManifests(session)
        self.statuses = SqlStatuses(session)
        self.model_sets = SqlModelSets(session)
        self.batches = SqlBatches(session)
        self.upload_prints = SqlUploadPrints(session)
        self.watches = SqlWatches(session)
        self.decisions = SqlDecisions(session)
