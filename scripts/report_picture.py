"""The README's picture: the top of the demo's page, as a browser shows it.

`python -m scripts.report_picture demo-out/report.html docs/images/report.jpg` needs a Chromium on the PATH.
"""

import argparse
import shutil
import subprocess
import tempfile
from pathlib import Path

from PIL import Image

SIZE = (1240, 1010)
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--hide-scrollbars",
    "--disable-background-networking",
    "--disable-sync",
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("page", type=Path)
    parser.add_argument("picture", type=Path)
    arguments = parser.parse_args()
    browser = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if browser is None:
        parser.error("no Chromium on the PATH")
    with tempfile.TemporaryDirectory() as folder:
        shot = Path(folder) / "page.png"
        window = f"--window-size={SIZE[0]},{SIZE[1]}"
        command = [
            browser,
            *FLAGS,
            window,
            f"--user-data-dir={folder}/profile",
            f"--screenshot={shot}",
            arguments.page.resolve().as_uri(),
        ]
        subprocess.run(command, check=True, capture_output=True, timeout=60)
        arguments.picture.parent.mkdir(parents=True, exist_ok=True)
        Image.open(shot).convert("RGB").save(arguments.picture, quality=82, optimize=True)


if __name__ == "__main__":
    main()
