"""Write golden.json anew: python -m tests.unit.generators.golden"""

import json

from tests.unit.generators.test_procedural import GOLDEN, KIND_NAMES, make, thumbnail


def main() -> None:
    golden = {kind: thumbnail(make(kind).pixels).tobytes().hex() for kind in KIND_NAMES}
    GOLDEN.write_text(json.dumps(golden, indent=1) + "\n")


if __name__ == "__main__":
    main()
