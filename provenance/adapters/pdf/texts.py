"""The sheet's words in English and Chinese. The committed font holds exactly the characters that stand here, in the
licence titles, and ASCII: after a change run `python -m scripts.fonts.certificate`."""

from typing import Final

TEXTS: Final[dict[str, tuple[str, str]]] = {
    "title": ("Certificate of registration", "作品登记证书"),
    "subtitle": (
        "What the issuer stated about these bytes, and how to check it without the issuer.",
        "签发者就这些数据作出的陈述，以及如何在不依赖签发者的情况下核验。",
    ),
    "scan": ("The certificate, at its issuer", "签发者处的证书"),
    "scan-offline": ("Id and hash of the certificate", "证书编号与哈希值"),
    # standing
    "valid": ("In force on {at}.", "截至 {at} 有效。"),
    "suspended": ("Suspended by the issuer, on {at}: {reason}.", "截至 {at}，已被签发者暂停：{reason}。"),
    "revoked": ("REVOKED by the issuer, on {at}: {reason}.", "截至 {at}，已被签发者吊销：{reason}。"),
    # rows
    "work": ("Work", "作品编号"),
    "id": ("Certificate", "证书编号"),
    "hash": ("Its sha256 (JCS)", "证书 sha256（JCS）"),
    "issuer": ("Issuer", "签发者"),
    "key": ("Signed by", "签名密钥"),
    "period": ("Valid", "有效期"),
    "period-value": ("{start} until {end}", "{start} 至 {end}"),
    "open-period-value": ("from {start}, without an end", "自 {start} 起，无截止时间"),
    "marked": ("sha256 of the marked file", "加水印文件的 sha256"),
    "source": ("sha256 of the source", "原文件的 sha256"),
    "picture": ("Picture", "图像"),
    "made": ("How it was made (IPTC)", "数字来源类型（IPTC）"),
    "mark": ("Watermark", "水印"),
    "mark-value": ("{alg}, key {key}; its payload is the work's number", "{alg}，密钥 {key}；载荷即作品编号"),
    "iscc": ("ISCC", "ISCC"),
    "bindings": ("Soft bindings", "软绑定"),
    "manifest": ("C2PA manifest", "C2PA 清单"),
    "terms": ("Licence terms", "许可条款"),
    "log": ("Transparency log", "透明日志"),
    "log-value": ("entry {index}: {kind}", "第 {index} 条记录：{kind}"),
    "no-log": ("no entry yet", "尚无记录"),
    "receipts": ("Ledger receipts", "账本回执"),
    "receipt-value": ("chain {chain}, block {block}, transaction {tx}", "链 {chain}，区块 {block}，交易 {tx}"),
    "no-receipts": ("none yet", "尚无回执"),
    # how to check
    "check": ("Check it without us", "自行核验"),
    "check-1": (
        "This sheet proves nothing: anybody can print one. The signed certificate is attached to this PDF as "
        "{name}; save it.",
        "本页本身不能证明任何事：任何人都能打印。已签名的证书作为附件 {name} 存于本 PDF 中，请将其保存。",
    ),
    "check-2": (
        "Get the issuer's public key from a place that you trust, not from this file: {place}",
        "请从您信任的渠道（而非本文件）取得签发者的公钥：{place}",
    ),
    "check-3": ("Then, without a network:", "随后，在无需联网的情况下运行："),
    "check-4": (
        "Any verifier of W3C Verifiable Credentials 2.0 with eddsa-jcs-2022 does the same.",
        "任何支持 eddsa-jcs-2022 的 W3C 可验证凭证 2.0 验证器均可完成同样的核验。",
    ),
    # what it does not prove
    "not": ("What it does not prove", "本证书不能证明的事项"),
    "not-1": (
        "That whoever registered the work made it, owns rights in it, or was the first.",
        "登记者创作了该作品、拥有其权利，或是最先登记者。",
    ),
    "not-2": (
        "That the statements about how the work was made are true: they are the client's, and the issuer repeats them.",
        "关于作品制作方式的陈述属实：这些陈述出自登记者，签发者仅予以转述。",
    ),
    "not-3": (
        "That a picture without a certificate was not made by AI, or that a picture which differs was forged.",
        "没有证书的图像并非由人工智能生成，或与之不同的图像即属伪造。",
    ),
    "not-4": (
        "When it was made: the date is the issuer's word; the log and the ledger say when it was there at the latest.",
        "作品的创作时间：日期为签发者所述；日志与账本仅说明其最迟何时已存在。",
    ),
}


def text(key: str, language: str, /, **values: str) -> str:
    """The words, with their values."""
    return TEXTS[key][("en", "zh").index(language)].format_map(values)
