"""The report's words in English and Chinese. It says what was found; it never calls that a breach of a right."""

from typing import Final, Literal

Language = Literal["en", "zh"]
LANGUAGES: Final[tuple[Language, ...]] = ("en", "zh")

TEXTS: Final[dict[str, tuple[str, str]]] = {
    "title": ("Picture comparison report", "图像比对报告"),
    "subtitle": (
        "What a picture has in common with registered works, where, and how sure that is.",
        "某一图像与已登记作品有哪些共同内容、位于何处，以及可信程度。",
    ),
    "check": ("Check", "检查编号"),
    "made-at": ("Checked on", "检查时间"),
    "result": ("Result", "结果"),
    # grades
    "identical": ("identical", "完全相同"),
    "copy": ("copy", "复制"),
    "edited": ("edited", "经过编辑"),
    "partial": ("partial", "部分相同"),
    "shared-element": ("shared element", "共有元素"),
    "sibling": ("sibling", "同源作品"),
    "similar": ("similar", "相似"),
    "none": ("none", "未发现"),
    "identical-long": ("The same file or the same pixels as the work.", "与作品是同一文件，或像素完全相同。"),
    "copy-long": (
        "The whole work, re-encoded, scaled or slightly changed.",
        "整幅作品，经重新编码、缩放或轻微改动。",
    ),
    "edited-long": ("The whole work, visibly changed.", "整幅作品，有可见的改动。"),
    "partial-long": (
        "A part of the work, or the work inside another picture.",
        "作品的一部分，或作品出现在另一图像之中。",
    ),
    "shared-element-long": (
        "Both have a frame, a logo, a template or lettering in common; the work itself was not found.",
        "两者有共同的边框、标志、模板或文字；未发现作品本身。",
    ),
    "sibling-long": (
        "Made with the same generator and prompt, but another picture.",
        "由相同的生成器和提示词制作，但是另一幅图像。",
    ),
    "similar-long": (
        "A similar subject or style; no shared content was shown.",
        "题材或风格相似；未显示有共同内容。",
    ),
    "none-long": ("No registered work was found in the picture.", "未在图像中发现已登记的作品。"),
    # the question
    "asked": ("The picture in question", "被检查的图像"),
    "no-query": (
        "The picture was not kept, so this report doesn't show it; its digests say which one it was.",
        "该图像未被保存，因此本报告不显示它；其摘要可说明是哪一幅图像。",
    ),
    "file-sha": ("sha256 of the file", "文件的 sha256"),
    "pixels-sha": ("sha256 of the pixels", "像素的 sha256"),
    "size": ("Picture", "图像"),
    "notes": ("Notes on decoding", "解码说明"),
    "mark": ("Watermark", "水印"),
    "mark-found": (
        "A watermark was read in it; it names {work}. "
        "The chance that a picture without it reads so is at most {chance}.",
        "在图像中读出了水印，指向 {work}。不含该水印的图像被如此读出的概率至多为 {chance}。",
    ),
    "no-live-work": ("no work in the register today", "今天的登记册中没有的作品"),
    "withdrawn": (
        "{count} work(s) that the check found have been withdrawn since and are left out.",
        "检查时发现的 {count} 件作品已被撤回，此处不再列出。",
    ),
    # a finding
    "work": ("Work", "作品"),
    "side-by-side": ("Side by side", "并排对比"),
    "query-caption": (
        "The picture in question; outlined: what it shares with the work",
        "被检查的图像；描线处为与作品共有的部分",
    ),
    "work-caption": ("The registered work; outlined: the same part", "已登记的作品；描线处为同一部分"),
    "not-shown": (
        "The work's picture is not shown: only its owner may see the file.",
        "不显示作品图像：仅其所有者可查看文件。",
    ),
    "not-kept": ("Not kept: outline only", "未保存：仅显示轮廓"),
    "heat": ("Where they agree", "一致之处"),
    "heat-caption": (
        "From yellow, nothing agrees, to dark violet, all of it does. No colour: too little detail to compare.",
        "由黄色（全不一致）到深紫色（完全一致）。无颜色处细节过少，无法比较。",
    ),
    "overlay": ("The work laid over the picture", "将作品叠加在图像上"),
    "overlay-caption": ("Warped by the transform that was found, half transparent.", "按所求得的变换叠加，半透明。"),
    "slider": ("How much of the work is seen", "作品的显示程度"),
    "aligned": (
        "{share} of the detail in the part that they share agrees after alignment.",
        "对齐后，两者共有部分中 {share} 的细节一致。",
    ),
    "mirrored": ("The picture is a mirror image of the work.", "该图像是作品的镜像。"),
    "probability": (
        "Probability, by calibration {name}, that the picture holds content of the work: {value}.",
        "按校准 {name}，图像包含该作品内容的概率为 {value}。",
    ),
    "unrelated": (
        "What this means for unrelated pictures: of the {queries} with which the limits were set, {rate} got "
        "{threshold} or more for any work; by that count the true rate is at most {upper} (95 % interval).",
        "对无关图像意味着什么：在用于设定阈值的 {queries} 幅无关图像中，{rate} 对任一作品得到 {threshold} 或更高；"
        "由此推断真实比例至多为 {upper}（95 % 区间）。",
    ),
    "unrelated-exact": (
        "Equal digests: two different pictures with one sha256 are not known to exist.",
        "摘要相同：目前未知有两幅不同的图像具有同一 sha256。",
    ),
    "unrelated-mark": (
        "The watermark and the looks together; how unrelated pictures fare on looks alone does not apply to it.",
        "由水印与外观共同得出；无关图像仅凭外观的误报率不适用于此。",
    ),
    "unrelated-unknown": (
        "How many unrelated pictures get as much was not measured for this value.",
        "尚未针对该数值测量有多少无关图像会得到同样结果。",
    ),
    "copied-mark": (
        "The picture carries this work's watermark but shows something else: the mark may have been copied onto it.",
        "图像带有该作品的水印，但显示的是其他内容：水印可能是被复制过去的。",
    ),
    "evidence": ("Evidence", "证据"),
    "witness": ("Witness", "项目"),
    "score": ("Value", "数值"),
    "limit": ("Limit", "阈值"),
    "speaks": ("Speaks for it", "支持"),
    "yes": ("yes", "是"),
    "no": ("no", "否"),
    "at-least": ("at least {limit}", "至少 {limit}"),
    "at-most": ("at most {limit}", "至多 {limit}"),
    "witness-file": ("The file's digest is in the register", "文件摘要在登记册中"),
    "witness-pixels": ("Equal pixels: 1 yes, 0 no", "像素相同：1 是，0 否"),
    "witness-mark": ("Confidence of the watermark's reading", "水印读取的置信度"),
    "witness-pdq": ("Bits of 256 in which a perceptual hash (PDQ) differs", "感知哈希（PDQ）256 位中不同的位数"),
    "witness-phash": ("Bits of 64 in which a perceptual hash (pHash) differs", "感知哈希（pHash）64 位中不同的位数"),
    "witness-descriptor": ("Likeness of the whole pictures to a neural network", "神经网络所见的整体相似度"),
    "witness-votes": ("Votes of details for this work, among all works", "所有作品中，细节投给该作品的票数"),
    "witness-geometry": ("Details that lie in the same places under one transform", "在同一变换下位置一致的细节数"),
    "witness-dense": ("Share of the overlap that agrees, point by point", "重叠部分逐点一致的比例"),
    "witness-other": ("Another witness", "其他项目"),
    # the record
    "record": ("What the register says of the work", "登记册中的记录"),
    "work-title": ("Title, as registered", "登记的标题"),
    "registered": ("Registered", "登记时间"),
    "source": ("sha256 of the source", "原文件的 sha256"),
    "marked": ("sha256 of the marked file", "加水印文件的 sha256"),
    "certificate": ("Certificate", "证书编号"),
    "certificate-hash": ("Its sha256 (JCS)", "证书 sha256（JCS）"),
    "issuer": ("Issuer", "签发者"),
    "standing": ("Standing of the certificate", "证书状态"),
    "valid": ("in force", "有效"),
    "suspended": ("suspended", "已暂停"),
    "revoked": ("REVOKED", "已吊销"),
    "manifest": ("C2PA manifest", "C2PA 清单"),
    "log": ("Transparency log", "透明日志"),
    "log-value": ("entry {index}: {kind}", "第 {index} 条记录：{kind}"),
    "receipt": ("Ledger receipt", "账本回执"),
    "receipt-value": ("chain {chain}, block {block}, transaction {tx}", "链 {chain}，区块 {block}，交易 {tx}"),
    "none-yet": ("none yet", "尚无"),
    "terms": ("Licence terms on offer", "许可条款"),
    "licence": ("Licence", "许可"),
    "not-asked": (
        "The check named no user of the picture, so no licence was looked up.",
        "检查时未指明图像的使用者，因此未查询许可。",
    ),
    "not-licensed": (
        "{licensee} held no licence in force when the check was made.",
        "检查时，{licensee} 没有有效的许可。",
    ),
    "licensed": (
        "{licensee} held a licence when the check was made: grant {grant}, terms {terms}.",
        "检查时，{licensee} 持有许可：编号 {grant}，条款 {terms}。",
    ),
    "verify": ("How to check this without us", "如何自行核验"),
    "verify-1": (
        "Get the certificate: {place}. Its sha256 over canonical JSON (RFC 8785) must be the one above.",
        "取得证书：{place}。其规范化 JSON（RFC 8785）的 sha256 应与上文一致。",
    ),
    "verify-place": ("from the issuer or from the work's owner", "由签发者或作品所有者处"),
    "verify-2": (
        "Get the issuer's public key from a place that you trust, then, without a network: "
        "provenance verify {work}.cert.json",
        "从您信任的渠道取得签发者的公钥，然后在无需联网的情况下运行：provenance verify {work}.cert.json",
    ),
    "verify-3": (
        "Compare the pictures yourself: the outlines and the transform are in the JSON form of this report.",
        "自行比较图像：轮廓与变换见本报告的 JSON 形式。",
    ),
    # limits
    "limits": ("What this report does not prove", "本报告不能证明的事项"),
    "limit-1": (
        "That anybody broke a right: whether a use is allowed depends on licences, exceptions and facts "
        "outside pictures.",
        "有人违反了某项权利：使用是否被允许取决于许可、例外规定以及图像之外的事实。",
    ),
    "limit-2": (
        "Who copied whom: both may come from a third source. The date of registration says when the work was here "
        "at the latest, not when it was made.",
        "谁复制了谁：两者可能来自同一第三方来源。登记日期仅说明作品最迟何时已在此处，而非创作时间。",
    ),
    "limit-3": (
        "That whoever registered the work made it or owns rights in it.",
        "登记者创作了该作品或拥有其权利。",
    ),
    "limit-4": (
        "That nothing else is in the picture: works that are not registered here are not found.",
        "图像中没有其他内容：未在此登记的作品不会被发现。",
    ),
    "limit-5": (
        "A probability is an estimate, fitted on test pictures. A person should look before anything follows from it.",
        "概率是依据测试图像得出的估计。在据此采取任何行动之前，应由人员查看。",
    ),
    "method": ("How it was made", "方法"),
    "method-value": (
        "Policy {policy}; models {models}; report format {version}.",
        "规则 {policy}；模型 {models}；报告格式 {version}。",
    ),
}


def text(key: str, language: Language, /, **values: object) -> str:
    """The words, with their values."""
    return TEXTS[key][LANGUAGES.index(language)].format_map(values)
