"""The human texts of the templates, in English and Chinese. They are part of the hashed terms: see `terms`."""

from typing import Final

_Text = dict[str, dict[str, str]]

TEXTS: Final[dict[str, _Text]] = {
    "personal": {
        "title": {"en": "Personal use", "zh": "个人使用"},
        "text": {
            "en": (
                "You may keep, display and print the work for yourself, and share it without payment if you name "
                "its source. You may not use it commercially, change it, or sell it or copies of it. You may not "
                "mine it or use it to train, prompt or condition AI models. You may not remove or weaken its "
                "watermark, metadata or certificate. The licence is yours alone, and lasts as long as you keep to "
                "it."
            ),
            "zh": (
                "您可以为个人目的保存、展示和打印本作品，也可以在注明来源的前提下无偿分享。您不得将其用于商业用途，不得修改，"
                "不得出售作品或其复制件。您不得对其进行数据挖掘，不得用于训练、提示或引导人工智能模型。您不得去除或削弱其"
                "水印、元数据或证书。本许可仅授予您本人，在您遵守条款期间持续有效。"
            ),
        },
    },
    "commercial": {
        "title": {"en": "Commercial use", "zh": "商业使用"},
        "text": {
            "en": (
                "You may display, copy, distribute and adapt the work, alone or inside products, advertising and "
                "publications, for payment or not, everywhere, for as long as the licence says; what you published "
                "in that time may stay. You may use it as an input to AI tools for those purposes. You may not "
                "resell it as it is as stock, claim to be its author, or register it as a trade mark. You may not "
                "mine it or train AI models on it. You may not remove or weaken its watermark, metadata or "
                "certificate. The licence is not exclusive, and you may not pass it on."
            ),
            "zh": (
                "在许可有效期内，您可以在全球范围内展示、复制、发行和改编本作品，可单独使用，也可用于产品、广告和出版物，"
                "有偿或无偿均可；期间已发布的内容可以保留。您可以为上述目的将其作为人工智能工具的输入。您不得将其原样作为"
                "素材转售，不得自称作者，不得将其注册为商标。您不得对其进行数据挖掘，不得用于训练人工智能模型。您不得去除或"
                "削弱其水印、元数据或证书。本许可为非独占许可，不得转让。"
            ),
        },
    },
    "ai-training-denied": {
        "title": {"en": "All uses except AI training and mining", "zh": "除人工智能训练与数据挖掘外的所有使用"},
        "text": {
            "en": (
                "You may display, copy, distribute, adapt and sell the work, alone or inside other works, "
                "everywhere and without an end, if you name its source; you may pass these rights on under the same"
                " terms. Nobody may mine the work, train or fine-tune AI models on it, or give it to AI models as "
                "an input. Rights in text and data mining are reserved. You may not remove or weaken its watermark,"
                " metadata or certificate."
            ),
            "zh": (
                "在注明来源的前提下，您可以在全球范围内不限期地展示、复制、发行、改编和出售本作品，可单独使用，也可用于其他作品；"
                "您可以按相同条款将这些权利转授他人。任何人不得对本作品进行数据挖掘，不得用其训练或微调人工智能模型，不得将其"
                "作为人工智能模型的输入。文本与数据挖掘权利予以保留。您不得去除或削弱其水印、元数据或证书。"
            ),
        },
    },
}
