"""What a verification says, in English and Chinese, keyed by finding. Faces pick the language; codes never change."""

from collections.abc import Mapping
from typing import Final, TypeVar

from provenance.core.errors import VerificationError

Refused = TypeVar("Refused", bound=VerificationError)

LANGUAGES: Final = ("en", "zh")
_MAX_SHOWN: Final = 160

STEPS: Final[dict[str, tuple[str, str]]] = {
    "parse": ("Read the document", "读取文件"),
    "shape": ("Check its form and version", "检查格式与版本"),
    "suite": ("Check the proof's suite and purpose", "检查证明的密码套件与用途"),
    "signer": ("Find the signer among the trusted keys", "在受信任的密钥中查找签名者"),
    "signature": ("Check the signature", "检查签名"),
    "time": ("Check the validity period", "检查有效期"),
    "content": ("Compare the file", "比对文件"),
    "receipts": ("Check the ledger receipts", "检查账本回执"),
}

FINDINGS: Final[dict[str, tuple[str, str]]] = {
    # passed
    "parsed": ("It is one JSON object without duplicate names.", "这是一个没有重复名称的 JSON 对象。"),
    "known-shape": ("It is {type}, version {version}.", "这是 {type}，版本 {version}。"),
    "known-suite": ("It is secured by {suite}.", "由 {suite} 保护。"),
    "trusted-signer": ("{key} belongs to the issuer and is trusted.", "{key} 属于签发者，且受信任。"),
    "signature-valid": ("The signature is valid.", "签名有效。"),
    "valid-until": ("Valid from {start} until {end}.", "有效期自 {start} 至 {end}。"),
    "valid-since": ("Valid from {start}, without an end.", "自 {start} 起有效，无截止时间。"),
    "content-marked-file": ("The file is the certified file, byte for byte.", "该文件与所认证的文件逐字节一致。"),
    "content-source-file": (
        "The file is the source that was handed in, before it was marked, byte for byte.",
        "该文件与提交登记时（加水印之前）的原文件逐字节一致。",
    ),
    "content-marked-pixels": (
        "The picture's pixels are the certified ones; the file around them (metadata, container) differs.",
        "图像像素与所认证的一致；文件的其余部分（元数据、容器格式）不同。",
    ),
    "content-source-pixels": (
        "The picture's pixels are those of the source before it was marked; the file around them differs.",
        "图像像素与加水印之前的原图一致；文件的其余部分不同。",
    ),
    "receipts-linked": (
        "{count} receipt(s) lead from this certificate to their Merkle roots; the chain itself was not asked.",
        "{count} 份回执可由本证书推导至其默克尔根；未查询链上数据。",
    ),
    "receipts-confirmed": (
        "{count} receipt(s) lead to roots that the ledger holds, the first since {since}.",
        "{count} 份回执对应的根已在账本上，最早时间为 {since}。",
    ),
    # skipped
    "no-content": ("No file was given to compare.", "未提供用于比对的文件。"),
    "licence-names-no-file": (
        "This licence names a certificate, not a file: verify that certificate with the file.",
        "该许可证书指向一份作品证书而非文件：请用文件验证那份作品证书。",
    ),
    "no-receipts": ("It carries no ledger receipts.", "未附带账本回执。"),
    # failed
    "too-large": ("The document is larger than {limit}.", "文件大于 {limit}。"),
    "too-deep": ("The document is nested deeper than {limit} levels.", "文件嵌套超过 {limit} 层。"),
    "not-json": ("The document is not JSON: {detail}.", "该文件不是 JSON：{detail}。"),
    "not-object": ("The document is not a JSON object.", "该文件不是 JSON 对象。"),
    "not-canonical": ("The document has no canonical form: {detail}.", "该文件没有规范形式：{detail}。"),
    "duplicate-key": ("The name {name} occurs twice in one object.", "同一对象中名称 {name} 出现两次。"),
    "field-missing": ("The member {path} is missing.", "缺少成员 {path}。"),
    "field-unknown": ("The member {path} is not part of this version.", "成员 {path} 不属于该版本。"),
    "field-invalid": ("The member {path} must be {rule}.", "成员 {path} 不合规定（应为 {rule}）。"),
    "unknown-type": ("It is not a kind of certificate that we know.", "不是我们所知的证书类型。"),
    "unknown-version": ("Certificate version {version} is unknown here.", "未知的证书版本 {version}。"),
    "unknown-suite": ("The proof suite {suite} is unknown here.", "未知的密码套件 {suite}。"),
    "wrong-purpose": (
        "The proof was made for {purpose}, not for assertionMethod.",
        "证明的用途是 {purpose}，而非 assertionMethod。",
    ),
    "proof-context": (
        "The proof covers another @context than the document has.",
        "证明所覆盖的 @context 与文件的不同。",
    ),
    "issuer-mismatch": ("The key {key} does not belong to the issuer {issuer}.", "密钥 {key} 不属于签发者 {issuer}。"),
    "unknown-key": ("The key {key} is not among the trusted keys.", "密钥 {key} 不在受信任的密钥之列。"),
    "no-pin-fits": (
        "No pinned key made this signature: somebody else signed it, or it was altered.",
        "没有任何固定的密钥产生此签名：由他人签署，或内容已被改动。",
    ),
    "key-not-yet": (
        "The key {key} was not in use yet when the proof says it was made.",
        "在证明所称的时间，密钥 {key} 尚未启用。",
    ),
    "key-retired": (
        "The key {key} was retired before the proof says it was made.",
        "在证明所称的时间之前，密钥 {key} 已停用。",
    ),
    "key-revoked": ("The key {key} was revoked.", "密钥 {key} 已被吊销。"),
    "signature-invalid": (
        "The signature does not fit: the certificate was altered, or the proof belongs to another one.",
        "签名不符：证书已被改动，或该证明属于另一份证书。",
    ),
    "not-yet-valid": ("It is not valid before {start}.", "在 {start} 之前无效。"),
    "proof-from-future": (
        "The proof says it was made in the future, at {start}.",
        "证明所称的签署时间 {start} 在未来。",
    ),
    "expired": ("It expired at {end}.", "已于 {end} 过期。"),
    "content-differs": (
        "This is not the certified file: neither its bytes nor its pixels are the same. Saving it again, resizing or "
        "editing does that; it does not mean that anything was forged.",
        "这不是所认证的文件：其字节与像素均不相同。重新保存、缩放或编辑都会如此；这并不意味着伪造。",
    ),
    "bytes-differ": (
        "The file's bytes are not the certified ones; its pixels were not compared. Saving a file again does that; it "
        "does not mean that anything was forged.",
        "文件字节与所认证的不同；未比对像素。重新保存即会如此；这并不意味着伪造。",
    ),
    "path-broken": (
        "Receipt {index} does not lead from this certificate to its root.",
        "第 {index} 份回执无法由本证书推导至其根。",
    ),
    "not-anchored": ("The ledger does not confirm receipt {index}: {detail}", "账本未确认第 {index} 份回执：{detail}"),
}

_OTHER: Final = ("{reason}", "{reason}")


def message(finding: str, language: str, values: Mapping[str, str]) -> str:
    """The sentence for `finding`. `values` may come from a hostile document: they are shown short and printable."""
    template = FINDINGS.get(finding, _OTHER)[LANGUAGES.index(language)]
    return template.format_map({name: printable(value) for name, value in values.items()})


def step_title(code: str, language: str) -> str:
    return STEPS[code][LANGUAGES.index(language)]


def printable(value: str) -> str:
    """Safe for a terminal: control characters replaced, long values cut."""
    cut = value if len(value) <= _MAX_SHOWN else value[: _MAX_SHOWN - 1] + "…"
    return "".join(character if character.isprintable() else "�" for character in cut)


def refusal(kind: type[Refused], finding: str, *, hint: str | None = None, **values: str) -> Refused:
    """The typed error for a finding of the catalogue."""
    error = kind(message(finding, "en", values), hint=hint, finding=finding)
    error.values = dict(values)
    return error
