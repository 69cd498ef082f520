"""How a verification is told: numbered lines for people, one object for programs."""

from typing import TYPE_CHECKING, Any, Final

from provenance.core.errors import ContentMismatch, VerificationError
from provenance.core.manifests import ManifestReport, ManifestState
from provenance.credentials import Step
from provenance.faces.cli.console import emit, say
from provenance.faces.cli.exits import Exit, exit_of
from provenance.usecases.bindings import written_value

if TYPE_CHECKING:
    from provenance.faces.cli.verifying.certificates import Verified
    from provenance.faces.cli.verifying.pictures import Judged

_SIGNS: Final = {"passed": "ok", "skipped": "--", "failed": "NO"}
VERDICTS: Final = {
    "en": ("The certificate is valid.", "The certificate is refused."),
    "zh": ("证书有效。", "证书被拒绝。"),
}
_STATES: Final = {
    "en": {
        "trusted": "Trusted: whole, unchanged, and signed by somebody whom you trust.",
        "valid": "Valid: whole and unchanged, but nobody whom you named vouches for the signer.",
        "recovered": "Recovered: the credentials hold, but the picture's pixels differ from those that were signed. "
        "That is no forgery: it was saved again, resized, cropped or edited.",
        "differs": "The credentials hold, but not for this file: its bytes or pixels differ. That alone is no forgery.",
        "invalid": "Invalid: it was changed after it was signed, or never held together. See the step marked NO.",
        "refused": "Refused: see the step marked NO.",
    },
    "zh": {
        "trusted": "Trusted（受信任）：完整、未被改动，且由您信任的人签名。",
        "valid": "Valid（有效）：完整且未被改动，但您指定的人中无人为签名者担保。",
        "recovered": "已找回：内容凭证成立，但图像像素与签名时不同。这不是伪造：图像曾被重新保存、缩放、裁剪或编辑。",
        "differs": "内容凭证成立，但不属于此文件：其字节或像素不同。仅此并不意味着伪造。",
        "invalid": "Invalid（无效）：签名后被改动，或从未成立。请看标为 NO 的步骤。",
        "refused": "被拒绝：请看标为 NO 的步骤。",
    },
}


def tell_certificate(done: "Verified", lang: str, *, as_json: bool) -> None:
    if as_json:
        emit(certificate_json(done, lang))
        return
    print_steps(done.steps, lang)
    say(VERDICTS[lang][0])


def tell_refusal(error: VerificationError, lang: str, *, as_json: bool) -> None:
    """Of a certificate."""
    if as_json:
        emit({"result": "refused"} | _error_json(error) | {"steps": _steps_json(error.trail, lang)})
        return
    print_steps(error.trail, lang)
    say(VERDICTS[lang][1])
    if error.hint:
        say(error.hint)


def tell_picture(judged: "Judged", lang: str, *, as_json: bool) -> Exit:
    """Answers how to end."""
    result, end = _result(judged)
    if as_json:
        emit(_picture_json(judged, result, lang))
        return end
    print_steps(judged.steps, lang)
    if judged.recovered and judged.recovered.score is not None:
        say(f"{judged.recovered.manifest_id}: {judged.recovered.score} %")
    if judged.report is not None:
        report = judged.report
        say(f"C2PA {report.state}: {', '.join((*report.failure, *report.notes, *report.success))}")
    if judged.certificate is not None:
        say(str(judged.certificate.certificate.work_id))
        tell_certificate(judged.certificate, lang, as_json=False)
    say(_STATES[lang][result])
    if judged.error is not None and judged.error.hint:
        say(judged.error.hint)
    return end


def certificate_json(done: "Verified", lang: str) -> dict[str, Any]:
    held = done.certificate
    manifest = {} if done.report is None else {"content_credentials": _report_json(done.report)}
    return {
        "result": "verified",
        "work_id": str(held.work_id),
        "issuer": held.issuer,
        "kind": held.kind,
        "content": held.content,
        "anchored_since": held.anchored_since.isoformat() if held.anchored_since else None,
        "steps": _steps_json(done.steps, lang),
    } | manifest


def print_steps(steps: tuple[Step, ...], lang: str) -> None:
    for step in steps:
        say(f"{step.number}  {_SIGNS[step.outcome]}  {step.title(lang)}: {step.text(lang)}")


def _result(judged: "Judged") -> tuple[str, Exit]:
    error, report = judged.error, judged.report
    if error is None:
        trusted = report is not None and any(step.finding == "file-trusted" for step in judged.steps)
        return ("trusted", Exit.OK) if trusted else ("valid", Exit.UNTRUSTED_SIGNER)
    if isinstance(error, ContentMismatch):
        return ("recovered" if judged.recovered else "differs"), exit_of(error)
    if error.finding == "file-untrusted":
        return "valid", exit_of(error)
    invalid = report is None or report.state is ManifestState.INVALID
    return ("invalid" if invalid else "refused"), exit_of(error)


def _picture_json(judged: "Judged", result: str, lang: str) -> dict[str, Any]:
    answer: dict[str, Any] = {"result": result}
    if judged.error is not None:
        answer |= _error_json(judged.error)
    elif result == "valid":
        answer |= {"error": "untrusted-signer", "step": 4, "reason": _STATES["en"]["valid"]}
    if judged.report is not None:
        answer |= {"content_credentials": _report_json(judged.report)}
    if judged.recovered is not None:
        answer |= {"recovered": {"manifest_id": judged.recovered.manifest_id, "score": judged.recovered.score}}
    if judged.certificate is not None:
        answer |= {"certificate": certificate_json(judged.certificate, lang)}
    return answer | {"steps": _steps_json(judged.steps, lang)}


def _report_json(report: ManifestReport) -> dict[str, Any]:
    signature = report.signature
    bindings = [{"alg": binding.alg, "value": written_value(binding.value)} for binding in report.soft_bindings]
    return {
        "state": str(report.state),
        "manifest_id": report.manifest_id,
        "embedded": report.is_embedded,
        "signer": signature.name,
        "organisation": signature.organisation,
        "signed_at": signature.time.isoformat() if signature.time else None,
        "actions": [action.action for action in report.actions],
        "soft_bindings": bindings,
        "success": list(report.success),
        "failure": list(report.failure),
        "notes": list(report.notes),
    }


def _error_json(error: VerificationError) -> dict[str, Any]:
    return {"error": error.code, "step": error.step, "reason": error.reason, "hint": error.hint}


def _steps_json(steps: tuple[Step, ...], lang: str) -> list[dict[str, Any]]:
    return [
        {"number": step.number, "code": step.code, "outcome": str(step.outcome), "text": step.text(lang)}
        for step in steps
    ]
