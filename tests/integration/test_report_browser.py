"""The HTML report in a real browser, driven over the DevTools pipe: no network, no policy violation, a slider that
moves."""

import base64
import io
import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pypdf
import pytest

from provenance.adapters.reports import ReportHtml
from provenance.adapters.reports.texts import text
from tests.records import digest
from tests.unit.adapters.test_reports import a_finding, a_report

pytestmark = pytest.mark.integration
NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")
MOVE = """(() => { const slider = document.querySelector('input[type=range]'); slider.value = 80;
slider.dispatchEvent(new Event('input', {bubbles: true}));
return getComputedStyle(document.querySelector('.above')).opacity })()"""

OUTLINES = """[...document.querySelectorAll('.pair polygon.outline')].map(outline => {
const of = outline.getBBox(), whole = outline.ownerSVGElement.viewBox.baseVal;
return [of.x / whole.width, of.y / whole.height, of.width / whole.width, of.height / whole.height] })"""
CONTRAST = """(() => {
const channels = colour => colour.match(/[0-9.]+/g).map(Number);
const light = colour => { const [r, g, b] = channels(colour).map(c => c / 255)
  .map(c => c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4); return 0.2126 * r + 0.7152 * g + 0.0722 * b };
const behind = element => { for (let e = element; e; e = e.parentElement) {
  const colour = getComputedStyle(e).backgroundColor; if ((channels(colour)[3] ?? 1) === 1) return colour }
  return 'rgb(255, 255, 255)' };
const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
const worst = {contrast: 99, words: 0, text: ''};
for (let node; node = walk.nextNode();) { const element = node.parentElement;
  if (!node.data.trim() || element.closest('svg, script') || !element.getClientRects().length) continue;
  const [a, b] = [light(getComputedStyle(element).color), light(behind(element))].sort((x, y) => y - x);
  const contrast = (a + 0.05) / (b + 0.05); worst.words += 1;
  if (contrast < worst.contrast) { worst.contrast = contrast; worst.text = node.data.trim() } }
return worst })()"""


class Browser:
    """DevTools protocol over file descriptors 3 and 4: JSON messages that end in a zero byte."""

    def __init__(self, program: str, folder: Path) -> None:
        reads, self._out = os.pipe()
        self._in, writes = os.pipe()
        arguments = [
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--remote-debugging-pipe",
            f"--user-data-dir={folder}",
        ]
        script = f'exec 3<&{reads} 4>&{writes}; exec "$@"'
        self._process = subprocess.Popen(
            ["/bin/bash", "-c", script, "browser", program, *arguments, "about:blank"],
            pass_fds=(reads, writes),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        os.close(reads)
        os.close(writes)
        self._rest, self._last = b"", 0
        self.events: list[dict[str, Any]] = []

    def close(self) -> None:
        self._process.kill()
        self._process.wait(30)
        os.close(self._in)
        os.close(self._out)

    def ask(self, method: str, session: str | None = None, **parameters: Any) -> dict[str, Any]:
        self._last += 1
        message = {"id": self._last, "method": method, "params": parameters}
        os.write(self._out, json.dumps(message | ({"sessionId": session} if session else {})).encode() + b"\0")
        while True:
            answer = self._next()
            if answer.get("id") == self._last:
                assert "error" not in answer, answer
                return dict(answer["result"])
            self.events.append(answer)

    def wait_for(self, method: str) -> None:
        while not any(event.get("method") == method for event in self.events):
            self.events.append(self._next())

    def _next(self) -> dict[str, Any]:
        while b"\0" not in self._rest:
            read = os.read(self._in, 1 << 16)
            assert read, "the browser is gone"
            self._rest += read
        message, _, self._rest = self._rest.partition(b"\0")
        return dict(json.loads(message))


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    program = next((path for name in NAMES if (path := shutil.which(name))), None)
    if program is None:
        if os.environ.get("PROVENANCE_TEST_REQUIRE_ALL"):
            pytest.fail("there is no chromium")
        pytest.skip("there is no chromium")
    opened = Browser(program, tmp_path_factory.mktemp("browser"))
    yield opened
    opened.close()


def visit(browser: Browser, page: Path, *, scripts: bool = True) -> str:
    """Open the page in a tab of its own; answers the tab's session."""
    target = browser.ask("Target.createTarget", url="about:blank")["targetId"]
    session = str(browser.ask("Target.attachToTarget", targetId=target, flatten=True)["sessionId"])
    for domain in ("Page", "Log", "Runtime", "Network"):
        browser.ask(f"{domain}.enable", session)
    browser.ask("Emulation.setScriptExecutionDisabled", session, value=not scripts)
    browser.events.clear()
    browser.ask("Page.navigate", session, url=page.as_uri())
    browser.wait_for("Page.loadEventFired")
    return session


def value(browser: Browser, session: str, expression: str) -> Any:
    return browser.ask("Runtime.evaluate", session, expression=expression, returnByValue=True)["result"]["value"]


@pytest.fixture
def page(tmp_path: Path) -> Path:
    path = tmp_path / "report.html"
    path.write_bytes(ReportHtml()(a_report(a_finding()), "zh"))
    return path


def complaints(browser: Browser) -> list[dict[str, Any]]:
    wrong = ("Log.entryAdded", "Runtime.exceptionThrown", "Runtime.consoleAPICalled")
    return [event for event in browser.events if event.get("method") in wrong]


def test_it_opens_alone_and_its_slider_moves(browser: Browser, page: Path) -> None:
    session = visit(browser, page)
    assert value(browser, session, MOVE) == "0.8"
    assert value(browser, session, "document.querySelectorAll('polygon.outline').length") == 2
    widths = "[...document.querySelectorAll('svg[role=img]')].map(svg => svg.getBoundingClientRect().width)"
    assert min(value(browser, session, widths)) > 100
    assert complaints(browser) == []
    asked = [
        event["params"]["request"]["url"]
        for event in browser.events
        if event.get("method") == "Network.requestWillBeSent"
    ]
    assert {url.partition(":")[0] for url in asked} <= {"file", "data"}


def test_the_slider_is_moved_with_the_keyboard_and_says_where_it_is(browser: Browser, page: Path) -> None:
    session = visit(browser, page)
    for key in ("Tab", "ArrowRight", "ArrowRight"):
        code = {"Tab": 9, "ArrowRight": 39}[key]
        for kind in ("rawKeyDown", "keyUp"):
            browser.ask("Input.dispatchKeyEvent", session, type=kind, key=key, code=key, windowsVirtualKeyCode=code)
    assert value(browser, session, "document.activeElement.type") == "range"
    assert value(browser, session, "getComputedStyle(document.querySelector('.above')).opacity") == "0.52"
    assert value(browser, session, "document.querySelector('output').textContent") == "52%"
    assert value(browser, session, "document.activeElement.getAttribute('aria-valuetext')") == "52%"
    assert value(browser, session, "document.activeElement.labels[0].textContent.trim()").startswith(
        text("slider", "zh")
    )


def test_outlines_lie_on_what_the_regions_say(browser: Browser, page: Path) -> None:
    """The left half of both pictures."""
    session = visit(browser, page)
    boxes = value(browser, session, OUTLINES)
    assert len(boxes) == 2
    for box in boxes:
        assert box == pytest.approx([0, 0, 0.5, 1], abs=0.02)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_all_words_can_be_read(browser: Browser, page: Path, scheme: str) -> None:
    """WCAG 2.2, 1.4.3 (AA): a contrast of 4.5 to 1."""
    session = visit(browser, page)
    features = [{"name": "prefers-color-scheme", "value": scheme}]
    browser.ask("Emulation.setEmulatedMedia", session, features=features)
    worst = value(browser, session, CONTRAST)
    assert worst["words"] > 50
    assert worst["contrast"] >= 4.5, worst


@pytest.mark.parametrize("width", [360, 1280])
def test_it_fits_a_telephone_and_a_desk(browser: Browser, page: Path, width: int) -> None:
    session = visit(browser, page)
    metrics = {"width": width, "height": 800, "deviceScaleFactor": 1, "mobile": False}
    browser.ask("Emulation.setDeviceMetricsOverride", session, **metrics)
    assert value(browser, session, "document.documentElement.scrollWidth") <= width


def test_it_can_be_printed(browser: Browser, page: Path) -> None:
    session = visit(browser, page)
    printed = base64.b64decode(browser.ask("Page.printToPDF", session, preferCSSPageSize=True)["data"])
    reader = pypdf.PdfReader(io.BytesIO(printed))
    assert 2 <= len(reader.pages) <= 6
    words = "".join("".join(sheet.extract_text().split()) for sheet in reader.pages)
    assert digest("certificate") in words
    assert all(f"{number}/{len(reader.pages)}" in words for number in range(1, len(reader.pages) + 1))


def test_without_scripts_the_overlay_is_half_transparent_and_no_slider_is_shown(browser: Browser, page: Path) -> None:
    session = visit(browser, page, scripts=False)
    browser.ask("DOM.enable", session)
    root = browser.ask("DOM.getDocument", session)["root"]["nodeId"]
    browser.ask("CSS.enable", session)

    def style(selector: str, name: str) -> str:
        node = browser.ask("DOM.querySelector", session, nodeId=root, selector=selector)["nodeId"]
        computed = browser.ask("CSS.getComputedStyleForNode", session, nodeId=node)["computedStyle"]
        return next(str(entry["value"]) for entry in computed if entry["name"] == name)

    assert style(".above", "opacity") == "0.5"
    assert style(".control", "display") == "none"


def test_the_policy_stops_a_script_that_got_in(browser: Browser, page: Path) -> None:
    page.write_text(
        page.read_text("utf-8").replace("</main>", "<script>document.title = 'owned'</script></main>"), "utf-8"
    )
    session = visit(browser, page)
    assert value(browser, session, "document.title") != "owned"
    assert any("Content Security Policy" in json.dumps(event) for event in complaints(browser))
