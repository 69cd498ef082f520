"""What a verification says, in English and Chinese, keyed by finding. Faces pick the language; codes never change."""

from collections.abc import Mapping
from typing import Final, TypeVar

from provenance.core.errors import VerificationError
from provenance.credentials.file_messages import FILE_FINDINGS, FILE_STEPS

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
    "manifest": ("Compare the C2PA manifest store", "比对 C2PA 清单"),
    "log": ("Check the transparency log's proof", "检查透明日志证明"),
    "status": ("Ask whether it was taken back", "查询是否已被撤回"),
}

FINDINGS: Final[dict[str, tuple[str, str]]] = {
    # passed
    "parsed": ("It is one JSON object without duplicate names.", "这是一个没有重复名称的 JSON 对象。"),
    "parsed-jws": ("It is a signed JSON Web Token.", "这是一个带签名的 JSON Web Token。"),
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
    "manifest-linked": ("It is the manifest store that the certificate links to.", "这正是证书所链接的 C2PA 清单。"),
    "log-included": (
        "It is entry {index} of the log {origin}, under a tree head of {size} entries.",
        "它是日志 {origin} 的第 {index} 条记录，包含于共 {size} 条记录的树头中。",
    ),
    "status-clear": (
        "The issuer's status lists of {since} do not mark it for {purposes}.",
        "签发者 {since} 的状态列表未将其标记为 {purposes}。",
    ),
    "status-register": (
        "The issuer's own register has nothing against it now.",
        "签发者自己的登记册目前对其没有异议。",
    ),
    # skipped
    "no-content": ("No file was given to compare.", "未提供用于比对的文件。"),
    "licence-names-no-file": (
        "This licence names a certificate, not a file: verify that certificate with the file.",
        "该许可证书指向一份作品证书而非文件：请用文件验证那份作品证书。",
    ),
    "no-receipts": ("It carries no ledger receipts.", "未附带账本回执。"),
    "no-manifest-link": ("It links to no C2PA manifest store.", "未链接 C2PA 清单。"),
    "no-manifest": ("No C2PA manifest store was given to compare.", "未提供用于比对的 C2PA 清单。"),
    "no-log-proof": ("It carries no proof of the transparency log.", "未附带透明日志证明。"),
    "log-not-checked": (
        "It carries a proof of the transparency log, which was not checked: no log key was given.",
        "附带透明日志证明，但未检查：未提供日志公钥。",
    ),
    "no-status-entry": (
        "Its issuer publishes no status for it: whether it was taken back can be asked only of the register.",
        "签发者未公布其状态：是否已被撤回只能向登记册查询。",
    ),
    "no-status-list": (
        "No status list was given: whether it was taken back since was not asked.",
        "未提供状态列表：未查询此后是否被撤回。",
    ),
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
    "manifest-differs": (
        "This is not the C2PA manifest store that the certificate links to as {id}.",
        "这不是证书以 {id} 链接的 C2PA 清单。",
    ),
    "list-unreadable": ("The status list can't be used: {detail}", "状态列表无法使用：{detail}"),
    "list-foreign": (
        "The status list {url} is that of {issuer}, who did not issue this certificate.",
        "状态列表 {url} 属于 {issuer}，而非本证书的签发者。",
    ),
    "list-stale": (
        "The status list {url} was in force from {start} until {end}, not now.",
        "状态列表 {url} 的有效期为 {start} 至 {end}，现已不适用。",
    ),
    "list-too-short": (
        "The status list {url} has no place {index}.",
        "状态列表 {url} 中没有位置 {index}。",
    ),
    "list-of-others": (
        "None of the status lists that were given is one that the certificate names.",
        "所提供的状态列表均不是证书所指明的。",
    ),
    "revoked": ("The issuer revoked it.", "签发者已将其吊销。"),
    "suspended": (
        "The issuer has suspended it: it does not count at the moment.",
        "签发者已将其暂停：目前不作数。",
    ),
    "not-anchored": ("The ledger does not confirm receipt {index}: {detail}", "账本未确认第 {index} 份回执：{detail}"),
    # the transparency log
    "note-form": ("The signed note is malformed: {detail}.", "签名笔记（signed note）格式有误：{detail}。"),
    "note-signature": ("The signature of {name} does not fit the note.", "{name} 的签名与笔记不符。"),
    "note-unsigned": (
        "No trusted key of this log signed the checkpoint; it carries signatures of: {names}.",
        "检查点没有该日志任何受信任密钥的签名；现有签名来自：{names}。",
    ),
    "checkpoint-form": ("The checkpoint is malformed: {detail}.", "检查点格式有误：{detail}。"),
    "proof-form": ("The log proof is malformed: {detail}.", "日志证明格式有误：{detail}。"),
    "log-number": ("{given} is not a size or an index.", "{given} 不是大小或序号。"),
    "log-hash": ("{given} is not a hash of 32 bytes in base64.", "{given} 不是 base64 形式的 32 字节哈希。"),
    "log-size": ("The size of the log is out of range.", "日志大小超出范围。"),
    "log-index": ("A log of {size} entries has no entry {index}.", "{size} 条的日志没有第 {index} 条。"),
    "log-path-length": (
        "The proof has {given} hashes of 32 bytes where {wanted} are needed: it was cut, or belongs to another tree.",
        "证明应有 {wanted} 个 32 字节哈希，实有 {given} 个：证明被截断，或属于另一棵树。",
    ),
    "log-root": (
        "The entry and its path do not lead to the root of the checkpoint of size {size}.",
        "该条目及其路径无法推导至大小为 {size} 的检查点的根。",
    ),
    "log-shrank": ("The log had {old} entries, and now claims {new}.", "日志曾有 {old} 条，现声称只有 {new} 条。"),
    "log-forked": (
        "The trees of {old} and of {new} entries are not of one append-only log: its history was rewritten, or it "
        "shows different logs to different people.",
        "{old} 条与 {new} 条的两棵树不属于同一份只增日志：历史被改写，或对不同的人展示了不同的日志。",
    ),
    "log-tile-length": (
        "A tile has {given} bytes where {wanted} are needed.",
        "分片应有 {wanted} 字节，实有 {given} 字节。",
    ),
    "log-bundle": ("An entry bundle is not {wanted} entries.", "条目包中的条目不是 {wanted} 条。"),
    "log-entry": ("The entry is not in a form that is known here.", "条目的格式未知。"),
    "log-no-certificate": (
        "The document is no certificate with a start of validity.",
        "该文件不是带有生效时间的证书。",
    ),
    "log-no-entry": ("The proof does not bring the entry that it proves.", "该证明未附带其所证明的条目。"),
    "log-other-subject": (
        "The log's entry is about another certificate, or says something else than that it was issued.",
        "日志条目涉及另一份证书，或其内容并非签发记录。",
    ),
    "log-quorum": (
        "Too few of the policy's witnesses cosigned the checkpoint of size {size}: {names}.",
        "大小为 {size} 的检查点未获策略所要求数量的见证者联署：{names}。",
    ),
    "log-stale-size": (
        "The checkpoint has size {size}, but the log is known to have had {known} entries.",
        "检查点大小为 {size}，但已知该日志曾有 {known} 条。",
    ),
    "log-stale-time": (
        "Witnesses saw the checkpoint last at {seen}; {wanted} or later is asked for.",
        "见证者最后一次看到该检查点是在 {seen}；要求不早于 {wanted}。",
    ),
    "log-no-time": (
        "No witness that the policy names says when it saw the checkpoint.",
        "策略所列的见证者均未说明何时看到该检查点。",
    ),
    "receipt-form": ("The COSE receipt is malformed.", "COSE 回执格式有误。"),
    "receipt-algorithm": (
        "The COSE receipt has another algorithm or tree than the ones that are verified here.",
        "COSE 回执使用了此处不支持的算法或树。",
    ),
    "receipt-signature": (
        "The COSE receipt is not signed by this key over the root that the entry leads to.",
        "COSE 回执并非由此密钥对该条目所推导的根签名。",
    ),
}

_OTHER: Final = ("{reason}", "{reason}")
_EVERY_STEP: Final = STEPS | FILE_STEPS
_EVERY_FINDING: Final = FINDINGS | FILE_FINDINGS


def message(finding: str, language: str, values: Mapping[str, str]) -> str:
    """The sentence for `finding`. `values` may come from a hostile document: they are shown short and printable."""
    template = _EVERY_FINDING.get(finding, _OTHER)[LANGUAGES.index(language)]
    return template.format_map({name: printable(value) for name, value in values.items()})


def step_title(code: str, language: str) -> str:
    return _EVERY_STEP[code][LANGUAGES.index(language)]


def printable(value: str) -> str:
    """Safe for a terminal: control characters replaced, long values cut."""
    cut = value if len(value) <= _MAX_SHOWN else value[: _MAX_SHOWN - 1] + "…"
    return "".join(character if character.isprintable() else "�" for character in cut)


def refusal(kind: type[Refused], finding: str, *, hint: str | None = None, **values: str) -> Refused:
    """The typed error for a finding of the catalogue."""
    error = kind(message(finding, "en", values), hint=hint, finding=finding)
    error.values = dict(values)
    return error
