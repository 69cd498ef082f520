"""The HTML report in a real browser, driven over the DevTools pipe: no network, no policy violation, a slider that
moves."""

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from provenance.adapters.reports import ReportHtml
from tests.unit.adapters.test_reports import a_finding, a_report

pytestmark = pytest.mark.integration
NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")
MOVE = """(() => { const slider = document.querySelector('input[type=range]'); slider.value = 80;
slider.dispatchEvent(new Event('input', {bubbles: true}));
return getComputedStyle(document.querySelector('.above')).opacity })()"""


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
    widths = "[...document.querySelectorAll('figure svg')].map(svg => svg.getBoundingClientRect().width)"
    assert min(value(browser, session, widths)) > 100
    assert complaints(browser) == []
    asked = [
        event["params"]["request"]["url"]
        for event in browser.events
        if event.get("method") == "Network.requestWillBeSent"
    ]
    assert {url.partition(":")[0] for url in asked} <= {"file", "data"}


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
