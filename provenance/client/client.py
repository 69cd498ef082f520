"""The client, and how it repeats."""

import json
import math
import random
import time
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from os import PathLike
from pathlib import Path
from typing import Any, Self

import httpx

from provenance.client.answers import (
    Batch,
    BatchItem,
    Decision,
    Grant,
    Offer,
    Origin,
    Report,
    Verification,
    Watch,
    WatchHit,
    Work,
    read_as,
    report,
)
from provenance.client.problems import REPEATABLE, asked_delay, failure_of, json_object
from provenance.core import errors

File = bytes | str | PathLike[str]
"""The bytes of a file, or where it lies."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Retries:
    """At most `attempts` in all. Waits grow from `first` seconds, doubled and with jitter, up to `longest`; a
    Retry-After is waited out in full, unless it asks for more than `longest`: then the error is raised."""

    attempts: int = 5
    first: float = 0.5
    longest: float = 30.0
    sleep: Callable[[float], None] = time.sleep

    def wait(self, attempt: int, retry_after: float | None) -> bool:
        """Sleep before the attempt after number `attempt` (from 1). False: give up."""
        if attempt >= self.attempts or (retry_after or 0) > self.longest:
            return False
        backoff = min(self.longest, self.first * 2 ** (attempt - 1)) * random.uniform(0.5, 1)  # noqa: S311  no secret
        self.sleep(max(backoff, retry_after or 0))
        return True


class Client:
    """Raises the errors of `core.errors`; Unavailable also where the service can't be reached.

    `timeout` seconds bound each wait for the service, not a whole transfer.
    """

    def __init__(
        self,
        base_url: str,
        api_key: str | None = None,
        *,
        timeout: float = 60.0,
        transport: httpx.BaseTransport | None = None,
        retries: Retries | None = None,
    ) -> None:
        """Without an `api_key` only what is public answers. `transport` is httpx's, for tests and proxies."""
        headers = {"Authorization": f"Bearer {api_key}"} if api_key else {}
        self._http = httpx.Client(base_url=base_url, headers=headers, timeout=timeout, transport=transport)
        self._retries = retries or Retries()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the connections."""
        self._http.close()

    def register(
        self,
        file: File,
        *,
        title: str = "",
        terms: str = "personal",
        origin: Origin | None = None,
        idempotency_key: str | None = None,
    ) -> Work:
        """Raises Conflict, whose `existing` names the work, when the picture is registered already; Rejected."""
        form = {"title": title, "terms": terms, **(origin or Origin()).form()}
        return self._register(form, {"file": ("file", _read(file))}, idempotency_key)

    def register_recipe(
        self,
        recipe: Mapping[str, Any],
        *,
        seed: int = 0,
        title: str = "",
        terms: str = "personal",
        idempotency_key: str | None = None,
    ) -> Work:
        """Have the service's generator make the artwork, and register it."""
        form = {"recipe": json.dumps(dict(recipe)), "seed": str(seed), "title": title, "terms": terms}
        return self._register(form, {}, idempotency_key)

    def _register(self, form: Mapping[str, Any], files: Mapping[str, Any], key: str | None) -> Work:
        return read_as(Work, self._json("POST", "/v1/works", data=_given(form), files=files, headers=_once(key)))

    def work(self, work_id: str) -> Work:
        return read_as(Work, self._json("GET", f"/v1/works/{work_id}"))

    def works(self, *, page_size: int = 50) -> Iterator[Work]:
        """Every work of yours, newest first. A page is asked for when it is reached."""
        return (read_as(Work, item) for item in self._pages("/v1/works", page_size))

    def file(self, work_id: str) -> bytes:
        """The marked file of a work of yours."""
        return self._send("GET", f"/v1/works/{work_id}/file").content

    def certificate(self, work_id: str, *, receipts: bool = False) -> dict[str, Any]:
        """The work's credential; with `receipts` a bundle of it and its ledger receipts."""
        return self._json("GET", f"/v1/works/{work_id}/certificate", params={"receipts": "true"} if receipts else None)

    def withdraw(self, work_id: str) -> Work:
        return read_as(Work, self._json("DELETE", f"/v1/works/{work_id}"))

    def check(self, file: File, *, licensee: str | None = None, keep: bool = False) -> Report:
        """Which registered works does this picture show? With a `licensee`, whether a copy is licensed to them. With
        `keep` the picture is kept for reports, until the check is deleted."""
        form = _given({"licensee": licensee, "keep": "true" if keep else None})
        return report(self._json("POST", "/v1/checks", data=form, files={"file": ("file", _read(file))}))

    def check_url(self, url: str, *, licensee: str | None = None) -> Report:
        """The same for a public address, which the service fetches."""
        return report(self._json("POST", "/v1/checks", data=_given({"url": url, "licensee": licensee})))

    def report(self, check_id: str) -> Report:
        return report(self._json("GET", f"/v1/checks/{check_id}"))

    def document(self, check_id: str, *, form: str = "pdf", language: str = "en") -> bytes:
        """The check as a file for others: pdf, html or json, in en or zh."""
        query = {"format": form, "lang": language}
        return self._send("GET", f"/v1/checks/{check_id}/report", params=query).content

    def explain(self, check_id: str) -> dict[str, Any]:
        """Every work that the check considered, every score, and where the search stopped."""
        return self._json("GET", f"/v1/checks/{check_id}/explain")

    def delete_check(self, check_id: str) -> None:
        """For good, with its picture where that was kept."""
        self._send("DELETE", f"/v1/checks/{check_id}")

    def decide(
        self, check_id: str, work_id: str, opinion: str, *, note: str = "", idempotency_key: str | None = None
    ) -> Decision:
        """Say of one match that it is right (confirm), wrong (reject), or that you are unsure."""
        body = {"work_id": work_id, "opinion": opinion, "note": note}
        path = f"/v1/checks/{check_id}/decisions"
        return read_as(Decision, self._json("POST", path, json=body, headers=_once(idempotency_key)))

    def decisions(self, check_id: str) -> list[Decision]:
        """Every one on a check of yours, oldest first; the last one on a work counts."""
        return [read_as(Decision, item) for item in self._json("GET", f"/v1/checks/{check_id}/decisions")["items"]]

    def calibration_report(self) -> list[dict[str, Any]]:
        """By calibration: what was decided, and false alarms beside those that it promised."""
        items: list[dict[str, Any]] = self._json("GET", "/v1/calibration-report")["items"]
        return items

    def check_batch(
        self,
        files: Sequence[File] = (),
        *,
        urls: Sequence[str] = (),
        licensee: str | None = None,
        keep: bool = False,
        idempotency_key: str | None = None,
    ) -> Batch:
        """Hand many pictures in, to be checked in the background. Raises Busy where too many of your batches are
        open."""
        form = _given({"licensee": licensee, "keep": "true" if keep else None}) | {"urls": list(urls)}
        parts = [("files", (_name(file), _read(file))) for file in files]
        answer = self._json("POST", "/v1/checks:batch", data=form, files=parts or None, headers=_once(idempotency_key))
        return read_as(Batch, answer)

    def batch(self, batch_id: str) -> Batch:
        return read_as(Batch, self._json("GET", f"/v1/batches/{batch_id}"))

    def batches(self, *, page_size: int = 50) -> Iterator[Batch]:
        """Every batch of yours, newest first, each asked for as it is now."""
        return (self.batch(item["id"]) for item in self._pages("/v1/batches", page_size))

    def batch_items(self, batch_id: str, *, state: str | None = None, page_size: int = 50) -> Iterator[BatchItem]:
        """Its pictures, in the order in which they were handed in; only those in one `state` where it is given."""
        path = f"/v1/batches/{batch_id}/items"
        return (read_as(BatchItem, item) for item in self._pages(path, page_size, state=state))

    def wait_for_batch(self, batch_id: str, *, every: float = 2.0, timeout: float = 3600.0) -> Batch:
        """Ask every so many seconds until nothing waits any more. Raises Unavailable after `timeout` seconds."""
        for _ in range(max(1, math.ceil(timeout / every))):
            batch = self.batch(batch_id)
            if batch.state != "running":
                return batch
            self._retries.sleep(every)
        raise errors.Unavailable(f"{batch_id} is not finished after {timeout:.0f} seconds", hint="ask for it later")

    def cancel_batch(self, batch_id: str) -> Batch:
        """What waits is not checked; those pictures are deleted."""
        return read_as(Batch, self._json("POST", f"/v1/batches/{batch_id}:cancel"))

    def delete_batch(self, batch_id: str) -> None:
        """For good, with its checks and their pictures."""
        self._send("DELETE", f"/v1/batches/{batch_id}")

    def watch(
        self, file: File, *, title: str = "", licensee: str | None = None, idempotency_key: str | None = None
    ) -> Watch:
        """Keep a picture, and have it compared with every work that is registered from now on."""
        form = _given({"title": title, "licensee": licensee})
        files = {"file": ("file", _read(file))}
        return read_as(Watch, self._json("POST", "/v1/watches", data=form, files=files, headers=_once(idempotency_key)))

    def watched(self, watch_id: str) -> Watch:
        return read_as(Watch, self._json("GET", f"/v1/watches/{watch_id}"))

    def watches(self, *, page_size: int = 50) -> Iterator[Watch]:
        """Every watched upload of yours, newest first."""
        return (read_as(Watch, item) for item in self._pages("/v1/watches", page_size))

    def unwatch(self, watch_id: str) -> None:
        """For good, with its picture, its hits and the checks that they name."""
        self._send("DELETE", f"/v1/watches/{watch_id}")

    def watch_hits(self, *, watch_id: str | None = None, after: int = 0, page_size: int = 50) -> Iterator[WatchHit]:
        """Hits of one watched upload, or of all of yours, oldest first; only those behind the id `after`."""
        path = f"/v1/watches/{watch_id}/hits" if watch_id else "/v1/watch-hits"
        return (read_as(WatchHit, item) for item in self._pages(path, page_size, cursor=str(after)))

    def verify(self, certificate: File | Mapping[str, Any], file: File | None = None) -> Verification:
        """Ask the service about a certificate, and the file that it is about. A refusal is an answer, not an error.
        For an answer that needs no trust in the service there is `provenance verify`."""
        document = json.dumps(dict(certificate)) if isinstance(certificate, Mapping) else _read(certificate)
        files: dict[str, Any] = {"certificate": ("certificate", document)}
        if file is not None:
            files["file"] = ("file", _read(file))
        return read_as(Verification, self._json("POST", "/v1/verify", files=files))

    def jwks(self) -> dict[str, Any]:
        """The service's public keys, for verifying offline."""
        return self._json("GET", "/.well-known/jwks.json")

    def terms(self) -> dict[str, str]:
        """Slugs of the licence terms and their hashes."""
        return self._json("GET", "/v1/terms")

    def terms_document(self, slug: str) -> dict[str, Any]:
        return self._json("GET", f"/v1/terms/{slug}")

    def offer(
        self, work_id: str, *, terms: str, price_minor: int, currency: str, valid_until: datetime | None = None
    ) -> Offer:
        """Offer a work of yours. Never repeated: an offer that got lost on its way back is in `offers`."""
        body = {"terms": terms, "price_minor": price_minor, "currency": currency, "valid_until": _rfc3339(valid_until)}
        return read_as(Offer, self._json("POST", f"/v1/works/{work_id}/offers", repeat=False, json=body))

    def offers(self, work_id: str) -> list[Offer]:
        return [read_as(Offer, item) for item in self._json("GET", f"/v1/works/{work_id}/offers")["items"]]

    def grant(
        self, offer_id: str, licensee: str, *, valid_until: datetime | None = None, idempotency_key: str | None = None
    ) -> Grant:
        """Grant the licence of an offer of yours that was paid for. Give your order number as the key, so that not even
        a second process grants twice; without one, each call is a grant of its own."""
        body = {"offer_id": offer_id, "licensee": licensee, "valid_until": _rfc3339(valid_until)}
        return read_as(Grant, self._json("POST", "/v1/grants", json=body, headers=_once(idempotency_key)))

    def granted(self, grant_id: str) -> Grant:
        return read_as(Grant, self._json("GET", f"/v1/grants/{grant_id}"))

    def _pages(self, path: str, size: int, **params: Any) -> Iterator[dict[str, Any]]:
        """Every item of a list. A page is asked for when it is reached."""
        while True:
            page = self._json("GET", path, params=_given({"limit": str(size), **params}))
            yield from page["items"]
            if page["next_cursor"] is None:
                return
            params["cursor"] = page["next_cursor"]

    def _json(self, method: str, path: str, *, repeat: bool = True, **request: Any) -> dict[str, Any]:
        answer = json_object(self._send(method, path, repeat=repeat, **request))
        if answer is None:
            raise errors.Unavailable("the answer is not JSON", hint="is this the address of a Provenance service?")
        return answer

    def _send(self, method: str, path: str, *, repeat: bool = True, **request: Any) -> httpx.Response:
        attempt = 1
        while True:
            retry_after: float | None = None
            try:
                response = self._http.request(method, path, **request)
                if response.is_success:
                    return response
                failure, retry_after = failure_of(response), asked_delay(response)
            except httpx.TransportError as error:
                failure = errors.Unavailable(
                    f"{self._http.base_url.host} does not answer ({type(error).__name__})", hint="try again later"
                )
            if not (repeat and isinstance(failure, REPEATABLE) and self._retries.wait(attempt, retry_after)):
                raise failure
            attempt += 1


def _once(key: str | None) -> dict[str, str]:
    """One key for every attempt of a call."""
    return {"Idempotency-Key": key or uuid.uuid4().hex}


def _given(form: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in form.items() if value is not None}


def _read(file: File) -> bytes:
    return file if isinstance(file, bytes) else Path(file).read_bytes()


def _name(file: File) -> str:
    return "file" if isinstance(file, bytes) else Path(file).name


def _rfc3339(moment: datetime | None) -> str | None:
    if moment is not None and moment.tzinfo is None:
        raise errors.InvalidRequest("valid_until needs a time zone", hint="datetime(..., tzinfo=UTC)")
    return moment.isoformat() if moment else None
