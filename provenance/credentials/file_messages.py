"""What the verification of a file's content credentials says, in English and Chinese, keyed by finding."""

from typing import Final

FILE_STEPS: Final[dict[str, tuple[str, str]]] = {
    "credentials": ("Find the content credentials", "查找内容凭证"),
    "integrity": ("Hold every statement against the signed claim", "核对各项声明与已签名的主张"),
    "claim": ("Check the claim's signature", "检查主张的签名"),
    "trust": ("Find the signer's root among the trusted ones", "在受信任的根证书中查找签名者"),
    "stamp": ("Check the time-stamp", "检查时间戳"),
    "revocation": ("Ask whether the signer's certificate was revoked", "查询签名证书是否已被吊销"),
    "bytes": ("Compare the file with what was signed", "比对文件与所签名的内容"),
    "bindings": ("Read what finds it again without metadata", "读取无需元数据即可找回的绑定"),
    "labels": ("Hold the labels against each other", "核对各处标识是否一致"),
    "names": ("Hold certificate, manifest and file against each other", "核对证书、清单与文件是否互相指明"),
}

FILE_FINDINGS: Final[dict[str, tuple[str, str]]] = {
    # passed
    "file-manifest-inside": ("The file holds the manifest {id}.", "文件内含清单 {id}。"),
    "file-manifest-beside": ("The manifest {id} was given beside the file.", "清单 {id} 与文件分开提供。"),
    "file-manifest-recovered": (
        "The manifest {id} was recovered through {service}.",
        "清单 {id} 由 {service} 找回。",
    ),
    "file-whole": ("The manifest is whole: nothing was added, taken out or changed.", "清单完整：未增、未删、未改。"),
    "file-signature-valid": (
        "The signature of {signer} is valid.",
        "{signer} 的签名有效。",
    ),
    "file-trusted": (
        "{signer} hangs on a root that you trust: Trusted, in C2PA's word.",
        "{signer} 的证书链终于您信任的根：C2PA 称之为 Trusted（受信任）。",
    ),
    "file-stamp-trusted": (
        "An authority that you trust saw the signature at {time}.",
        "您信任的时间戳机构于 {time} 见到该签名。",
    ),
    "file-not-revoked": (
        "The certificate's authority said, when it was signed, that it was not revoked.",
        "签名时，证书机构声明该证书未被吊销。",
    ),
    "file-bytes-match": (
        "The file is the one that was signed, byte for byte but for the manifest itself.",
        "除清单本身外，文件与签名时逐字节一致。",
    ),
    "file-bindings": (
        "It can be found again by {algorithms}, also where its metadata was removed.",
        "即使元数据被删除，也可通过 {algorithms} 找回。",
    ),
    "file-labels-agree": (
        "{sources} say the same about how it was made and what may be done with it.",
        "{sources} 对其制作方式与使用许可的说法一致。",
    ),
    "file-names-agree": (
        "The certificate links to this manifest, and both name the same work.",
        "证书链接到此清单，且两者指明同一作品。",
    ),
    "file-names-updated": (
        "The certificate links to {id}, which this manifest updates; both are in the file.",
        "证书链接到 {id}，当前清单是其更新；两者均在文件中。",
    ),
    # skipped
    "file-nobody-named": (
        "{signer} signed it, but no root was named to hang it on: Valid, in C2PA's word, which says nothing about who "
        "signed.",
        "由 {signer} 签名，但未提供任何根证书：C2PA 称之为 Valid（有效），并不说明签名者是谁。",
    ),
    "file-no-stamp": ("It carries no time-stamp.", "未附带时间戳。"),
    "file-stamp-unknown": (
        "A time-stamp says {time}; its authority is none that you named.",
        "时间戳称时间为 {time}；其机构不在您所指定之列。",
    ),
    "file-no-ocsp": (
        "It carries no word of the certificate's authority, and nobody was asked.",
        "未附带证书机构的吊销声明，也未在线查询。",
    ),
    "file-ocsp-unknown": (
        "It carries a word about revocation that counts for those only who trust the root.",
        "附带吊销声明，但仅对信任该根的人有效。",
    ),
    "file-same-pixels": (
        "The bytes are not those that were signed, but the pixels are the certified ones: the file was saved again, or "
        "lost its metadata.",
        "字节与签名时不同，但像素与所认证的一致：文件曾被重新保存，或丢失了元数据。",
    ),
    "file-no-bindings": ("It names nothing that would find it without metadata.", "未指明可在无元数据时找回的绑定。"),
    "file-no-labels": ("There are not two places with labels to compare.", "没有可供核对的两处标识。"),
    "file-labels-unread": ("A label is not in a form that is known here.", "某处标识的格式未知。"),
    "file-no-certificate": ("No certificate was given to compare.", "未提供用于核对的证书。"),
    # failed
    "file-altered": (
        "A statement of the manifest is not the one that was signed, or is missing: {codes}.",
        "清单中的某项声明与签名时不同，或已缺失：{codes}。",
    ),
    "file-malformed": ("The manifest breaks C2PA's rules: {codes}.", "清单不符合 C2PA 规则：{codes}。"),
    "file-unreadable": ("The manifest can't be read: {detail}", "清单无法读取：{detail}"),
    "file-signature-invalid": (
        "The signature does not fit the claim: {codes}.",
        "签名与主张不符：{codes}。",
    ),
    "file-signer-expired": (
        "The signer's certificate was not valid when it signed: {codes}.",
        "签名时签名者的证书不在有效期内：{codes}。",
    ),
    "file-untrusted": (
        "{signer} hangs on none of the roots that you named: Valid, in C2PA's word, not Trusted.",
        "{signer} 的证书链不属于您指定的任何根：C2PA 称之为 Valid（有效），而非 Trusted（受信任）。",
    ),
    "file-signer-unfit": (
        "The signer's certificate is not one that may sign content credentials: {codes}.",
        "签名者的证书不可用于签署内容凭证：{codes}。",
    ),
    "file-stamp-invalid": (
        "The time-stamp does not belong to this signature: {codes}.",
        "时间戳不属于此签名：{codes}。",
    ),
    "file-stamp-untrusted": (
        "The time-stamp's authority is none of those that you named: {codes}.",
        "时间戳机构不在您所指定之列：{codes}。",
    ),
    "file-revoked": ("The signer's certificate was revoked: {codes}.", "签名者的证书已被吊销：{codes}。"),
    "file-bytes-differ": (
        "The manifest is whole, but this is not the file that was signed: its bytes, and perhaps its pixels, differ. "
        "Saving it again, resizing or removing metadata does that; it does not mean that anything was forged.",
        "清单完整，但这不是所签名的文件：其字节（可能还有像素）不同。重新保存、缩放或删除元数据都会如此；"
        "这并不意味着伪造。",
    ),
    "file-labels-contradict": ("Not all labels can be true: {detail}", "各处标识不可能同时成立：{detail}"),
    "file-names-differ": (
        "The certificate is about another manifest: it links to {linked}, the file holds {id}.",
        "证书指明的是另一份清单：证书链接到 {linked}，文件中为 {id}。",
    ),
    "file-names-other-binding": (
        "Certificate and manifest name different soft bindings: {algorithms}.",
        "证书与清单所指明的软绑定不同：{algorithms}。",
    ),
}
