"""The report's words in English and Chinese. It says what was found; it never calls that a breach of a right."""

from typing import Final, Literal

Language = Literal["en", "zh"]
LANGUAGES: Final[tuple[Language, ...]] = ("en", "zh")
LANGUAGE_TAGS: Final[dict[Language, str]] = {"en": "en", "zh": "zh-CN"}

TEXTS: Final[dict[str, tuple[str, str]]] = {
    "title": ("Picture comparison report", "图像比对报告"),
    "subtitle": (
        "What a picture has in common with registered works, where, and how sure that is.",
        "某一图像与已登记作品有哪些共同内容、位于何处，以及可信程度。",
    ),
    "check": ("Check", "检查编号"),
    "made-at": ("Checked on", "检查时间"),
    "json-sha": ("sha256 of this report's JSON form", "本报告 JSON 形式的 sha256"),
    "result": ("Result: {grade}", "结果：{grade}"),
    "several": ("Registered works of which content was found: {count}.", "发现其内容的已登记作品：{count} 件。"),
    "copied-mark-somewhere": (
        "A watermark in the picture names a work that the picture does not show; see below.",
        "图像中的水印指向一件图像并未显示的作品，见下文。",
    ),
    "overview": ("Works in this report", "本报告所涉作品"),
    "number": ("No.", "序号"),
    "grade": ("Grade", "结论"),
    "probability-short": ("Probability", "概率"),
    # grades
    "identical": ("identical", "完全相同"),
    "copy": ("copy", "复制"),
    "edited": ("edited", "经过编辑"),
    "partial": ("partial", "部分相同"),
    "shared-element": ("shared element only", "仅有共有元素"),
    "sibling": ("sibling", "同源图像"),
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
        "The same composition, as of another picture from the same generator and prompt; not shown to be the work "
        "itself.",
        "构图相同，如同由相同的生成器和提示词制作的另一幅图像；未显示其即为作品本身。",
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
    "pixels": ("{width} × {height} pixels", "{width} × {height} 像素"),
    "frames": ("Animation", "动画"),
    "frames-value": (
        "{frames} frames; where a frame is shown, it is the first one.",
        "共 {frames} 帧；显示的是第一帧。",
    ),
    "notes": ("Notes on decoding", "解码说明"),
    "mark": ("Watermark", "水印"),
    "mark-found": (
        "A watermark was read in it; it names {work}. "
        "At most 1 in {many} pictures without that watermark would read so by chance.",
        "在图像中读出了水印，指向 {work}。不含该水印的图像中，至多每 {many} 幅有 1 幅会偶然被如此读出。",
    ),
    "map": (
        "The picture in question; outlined and numbered: the part that it shares with each work.",
        "被检查的图像；描线并编号处为与各作品共有的部分。",
    ),
    "map-mark": ("Dashed: the part that carries the watermark.", "虚线处为带有水印的部分。"),
    "no-live-work": ("no work in the register today", "今天的登记册中没有的作品"),
    "withdrawn": (
        "{count} work(s) that the check found have been withdrawn since and are left out.",
        "检查时发现的 {count} 件作品已被撤回，此处不再列出。",
    ),
    # a finding
    "work": ("Work", "作品"),
    "finding": ("{number}. Work {work}", "{number}. 作品 {work}"),
    "finding-titled": ("{number}. Work {work}: {title}", "{number}. 作品 {work}：{title}"),
    "side-by-side": ("Side by side", "并排对比"),
    "query-outlined": (
        "The picture in question; outlined: what it shares with the work.",
        "被检查的图像；描线处为与作品共有的部分。",
    ),
    "query-plain": ("The picture in question.", "被检查的图像。"),
    "work-outlined": ("The registered work; outlined: the same part.", "已登记的作品；描线处为同一部分。"),
    "work-plain": ("The registered work.", "已登记的作品。"),
    "owner-only": (
        "The work's picture is not shown here: only its owner may see the file.",
        "此处不显示作品图像：仅其所有者可查看文件。",
    ),
    "not-drawn": (
        "Only the strongest findings are shown with pictures; this one is not among them.",
        "仅对最主要的结果显示图像；本项不在其中。",
    ),
    "not-kept": ("The picture was not kept: outline only.", "图像未被保存：仅显示轮廓。"),
    "outline-only": ("Its picture is not shown: outline only.", "不显示其图像：仅显示轮廓。"),
    "no-picture": ("not shown", "未显示"),
    "heat": ("Where they agree", "一致之处"),
    "heat-caption": (
        "Each cell's colour tells which share of its detail is the same in the work laid over it.",
        "每格的颜色表示该处细节中与所叠加的作品一致的比例。",
    ),
    "heat-legend": ("Share of the detail that agrees:", "一致的细节比例："),
    "nothing-to-compare": ("too little detail", "细节过少"),
    "overlay": ("The work laid over the picture", "将作品叠加在图像上"),
    "overlay-caption": (
        "The work, moved, turned and scaled as it was found in the picture; half transparent.",
        "按在图像中所求得的位置、角度与大小叠加的作品，半透明。",
    ),
    "covers": (
        "The outlined part is about {query} of the picture and about {work} of the work.",
        "描线部分约占图像的 {query}，约占作品的 {work}。",
    ),
    "slider": ("How much of the work is seen", "作品的显示程度"),
    "aligned": (
        "With the whole work laid over the picture, as it was found there, {share} of the detail under it agrees.",
        "将整幅作品按所求得的位置叠加在图像上，其下 {share} 的细节一致。",
    ),
    "mirrored": ("The picture is a mirror image of the work.", "该图像是作品的镜像。"),
    "probability": (
        "The probability that the picture holds content of the work is estimated at {value} (calibration {name}).",
        "图像包含该作品内容的概率估计为 {value}（校准 {name}）。",
    ),
    "probability-marked": (
        "From the watermark and the looks together, the probability that the picture holds content of the work is "
        "estimated at {value} (calibration {name}).",
        "由水印与外观共同估计，图像包含该作品内容的概率为 {value}（校准 {name}）。",
    ),
    "probability-shared-element": (
        "From its looks the picture gets {value} (calibration {name}), but all that agrees lies in what both have in "
        "common, so the work itself does not count as found.",
        "该图像仅凭外观得到 {value}（校准 {name}），但一致之处全部位于共有元素内，因此不认定发现作品本身。",
    ),
    "probability-exact": (
        "The digests are equal. That is no estimate: the picture is the work, bit for bit or pixel for pixel.",
        "摘要相同。这不是估计：该图像即为该作品，逐位或逐像素相同。",
    ),
    "more-than": ("more than {value}", "{value} 以上"),
    "less-than": ("less than {value}", "{value} 以下"),
    "limits-of": (
        "By this calibration content counts as found from {strict} on; from {review} on a person should look.",
        "按此校准，概率达到 {strict} 即认定发现内容；达到 {review} 时应由人员查看。",
    ),
    "unrelated": (
        "What this means for unrelated pictures: {count} of the {queries} with which the limits were set ({rate}) got "
        "{threshold} or more for any work; by that count the true rate is at most {upper} (95% interval).",
        "对无关图像意味着什么：在用于设定阈值的 {queries} 幅无关图像中，有 {count} 幅（{rate}）对任一作品得到 "
        "{threshold} 或更高；由此推断真实比例至多为 {upper}（95% 区间）。",
    ),
    "unrelated-exact": (
        "Equal digests: two different pictures with one sha256 are not known to exist.",
        "摘要相同：目前未知有两幅不同的图像具有同一 sha256。",
    ),
    "unrelated-mark": (
        "How many unrelated pictures get as much on looks alone was counted, but does not apply here: the watermark "
        "spoke too. How rarely it is read by chance stands with the picture in question.",
        "无关图像仅凭外观得到同样结果的比例虽有统计，但不适用于此：水印亦为依据。水印被偶然读出的概率见“被检查的图像”部分。",
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
    "evidence-note": (
        "No line decides alone: the grade comes from all of them together, and from where they place the work.",
        "任何单项均不单独决定结论：结论由各项共同得出，并取决于作品所处的位置。",
    ),
    "witness": ("What was compared", "比较项目"),
    "score": ("Value", "数值"),
    "limit": ("Counts when", "计入条件"),
    "speaks": ("Speaks for it", "支持"),
    "yes": ("yes", "是"),
    "no": ("no", "否"),
    "at-least": ("at least {limit}", "至少 {limit}"),
    "at-most": ("at most {limit}", "至多 {limit}"),
    "witness-file": ("The file's digest is in the register", "文件摘要在登记册中"),
    "witness-pixels": ("Equal pixels", "像素相同"),
    "witness-mark": ("The work's watermark, by its keyed tag", "作品的水印（经密钥标签验证）"),
    "verified": ("verified", "已验证"),
    "witness-pdq": ("Bits of 256 in which a perceptual hash (PDQ) differs", "感知哈希（PDQ）256 位中不同的位数"),
    "witness-phash": ("Bits of 64 in which a perceptual hash (pHash) differs", "感知哈希（pHash）64 位中不同的位数"),
    "witness-descriptor": ("Likeness of the whole pictures to a neural network", "神经网络所见的整体相似度"),
    "witness-frame": (
        "Bits of 256 in which the nearest frame of the work differs (ISCC Image-Code)",
        "与作品最接近的一帧之间 256 位中不同的位数（ISCC 图像码）",
    ),
    "witness-votes": ("Votes of details for this work, among all works", "所有作品中，细节投给该作品的票数"),
    "witness-geometry": ("Details that lie in the same places under one transform", "在同一变换下位置一致的细节数"),
    "witness-dense": ("Share of the overlap that agrees, point by point", "重叠部分逐点一致的比例"),
    "witness-other": ("Another comparison", "其他项目"),
    # the record
    "record": ("What the register says of the work", "登记册中的记录"),
    "work-title": ("Title, as registered", "登记的标题"),
    "registered": ("Registered", "登记时间"),
    "source": ("sha256 of the source", "原文件的 sha256"),
    "marked": ("sha256 of the marked file", "加水印文件的 sha256"),
    "certificate": ("Certificate", "证书编号"),
    "certificate-hash": ("Its sha256 (JCS)", "证书 sha256（JCS）"),
    "certificate-at": ("Where it lies", "证书所在地址"),
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
    "terms-sha": ("sha256 of the terms", "条款的 sha256"),
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
        "Get the work's certificate from the issuer or from the work's owner. Its sha256 over canonical JSON (RFC "
        "8785) must be the one in the record above.",
        "由签发者或作品所有者处取得作品的证书。其规范化 JSON（RFC 8785）的 sha256 应与上文记录一致。",
    ),
    "verify-2": (
        "Get the issuer's public key from a place that you trust, then, without a network: "
        "provenance verify WORK.cert.json",
        "从您信任的渠道取得签发者的公钥，然后在无需联网的情况下运行：provenance verify WORK.cert.json",
    ),
    "verify-3": (
        "Compare the pictures yourself: the outlines and the transform are in the JSON form of this report, whose "
        "sha256 stands at the top. A PDF has it attached.",
        "自行比较图像：轮廓与变换见本报告的 JSON 形式，其 sha256 列于文首。PDF 中附有该文件。",
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
    "limit-6": (
        "That it came from the service: it is not signed, and anybody can write such a document. Whoever doubts it "
        "asks the service for the report on this check, and compares.",
        "本报告出自该服务：本报告未经签名，任何人都能写出此类文件。如有疑问，可向该服务索取同一检查的报告进行对比。",
    ),
    "page": ("page {page} of {pages}", "第 {page} 页，共 {pages} 页"),
    "attached": ("This report in JSON.", "本报告的 JSON 形式。"),
    "method": ("How it was made", "方法"),
    "method-value": (
        "Policy {policy}; models {models}; report format {version}.",
        "规则 {policy}；模型 {models}；报告格式 {version}。",
    ),
}


def text(key: str, language: Language, /, **values: object) -> str:
    """The words, with their values."""
    return TEXTS[key][LANGUAGES.index(language)].format_map(values)
