"""Label a work, and say in public what may be done with works: all of it from the usage policy of their terms."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from provenance.core.ports import Images
from provenance.core.records import Work
from provenance.core.types import WorkId
from provenance.credentials.labels import (
    AigcLabel,
    Origin,
    Rights,
    UsagePolicy,
    policy_headers,
    policy_of_terms,
    robots_txt,
    rsl_document,
    tdmrep_document,
    xmp_properties,
)
from provenance.licensing import template

if TYPE_CHECKING:
    from provenance.core.types import Pixels

LICENCE_PATH: Final = "/license.xml"


@dataclass(frozen=True, slots=True, kw_only=True)
class Label:
    """`default_terms` is the template that holds for the service as a whole; `producer` the code under which it
    labels for China, None where it does not; `preferences` adds the IETF's draft of AI preferences; `visible` is the
    language of a label that people see, "en" or "zh"."""

    images: Images
    base_url: str | None = None
    default_terms: str = "personal"
    producer: str | None = None
    credit: str | None = None
    licensor_url: str | None = None
    preferences: bool = False
    visible: str | None = None

    def policy(
        self,
        terms: str,
        *,
        work_id: WorkId | None = None,
        origin: Origin | None = None,
        creators: tuple[str, ...] = (),
    ) -> UsagePolicy:
        """The usage policy of a work under these licence terms. Raises InvalidRequest on an unknown slug and on values
        that no label can carry. Without a `work_id` there is no AIGC label."""
        chosen = template(terms)
        aigc = AigcLabel(producer=self.producer, produce_id=str(work_id)) if self.producer and work_id else None
        rights = Rights(
            creators=creators,
            credit=self.credit,
            usage_terms=chosen.text("en"),
            statement_url=self._terms_url(terms),
            licensor_url=self.licensor_url,
        )
        return policy_of_terms(chosen.training_mining, origin=origin, rights=rights, aigc=aigc)

    def __call__(self, data: bytes, policy: UsagePolicy) -> bytes:
        """The file with the policy in its XMP packet, every other byte unchanged. Raises Rejected."""
        return self.images.label(data, xmp_properties(policy))

    def stamp(self, pixels: "Pixels") -> "Pixels":
        """The pixels with the visible label, before they are marked; the same pixels where none is wanted. Raises
        Rejected where it has no room."""
        return pixels if self.visible is None else self.images.stamp(pixels, self.visible)

    # ---- documents

    def robots(self) -> str:
        """`/robots.txt`."""
        address = None if self.base_url is None else self.base_url + LICENCE_PATH
        return robots_txt(
            self.policy(self.default_terms),
            licence_path=LICENCE_PATH,
            licence_url=address,
            preferences=self.preferences,
        )

    def tdmrep(self) -> bytes:
        """`/.well-known/tdmrep.json`."""
        rules = tdmrep_document(self.policy(self.default_terms), terms_url=self._terms_url(self.default_terms))
        return json.dumps(rules).encode()

    def licence(self, work: Work | None = None) -> bytes:
        """The RSL document of a work's file, or of the service as a whole."""
        terms = work.terms_slug if work else self.default_terms
        path = f"/v1/works/{work.id}/file" if work else "/"
        return rsl_document(self.policy(terms), content_url=path, terms_url=self._terms_url(terms))

    def headers(self, work: Work) -> Mapping[str, str]:
        """For the response that hands out a work's file: they say what its own label says."""
        return policy_headers(
            self.policy(work.terms_slug),
            licence_url=f"{self.base_url or ''}/v1/works/{work.id}{LICENCE_PATH}",
            terms_url=self._terms_url(work.terms_slug),
            preferences=self.preferences,
        )

    def _terms_url(self, terms: str) -> str | None:
        return None if self.base_url is None else f"{self.base_url}/v1/terms/{terms}"
