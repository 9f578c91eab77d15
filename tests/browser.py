"""A real browser: chromium without a screen, steered through its DevTools protocol over a pipe.

Nothing but chromium is needed, as Debian has it. A pipe needs no port, so nobody else can reach the browser.
"""

import base64
import json
import os
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

PATIENCE = 20.0  #: seconds for anything
PHONE = (360, 740)
SCREEN = (1280, 860)

_FLAGS = (
    "--headless=new",
    "--no-sandbox",  # CI runs as root
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-extensions",
    "--hide-scrollbars",
    "--lang=en-GB",
    "--remote-debugging-pipe",
)


class BrowserError(AssertionError):
    """The browser says no."""


def chromium() -> str | None:
    """Where the browser is."""
    return shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


def needed() -> str:
    """The browser. Without one the test is left out, but fails where CI promised to have one."""
    found = chromium()
    if found is None:
        reason = "no chromium: `apt-get install chromium` has it"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    return found


class Tab:
    """One page of a browser. Open it with `browser`."""

    def __init__(self, process: "subprocess.Popen[bytes]", to: int, back: int) -> None:
        self._process = process
        self._to = to
        self._back = back
        self._rest = b""
        self._last = 0
        self._session: str | None = None
        self.requests: list[str] = []  #: every address that was asked for
        self.complaints: list[str] = []  #: errors in scripts, and what the Content-Security-Policy refused
        self.status = 0  #: of the last page

    def attach(self) -> None:
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Network", "Log"):
            self.call(f"{domain}.enable")
        self.call("Emulation.setFocusEmulationEnabled", enabled=True)  # as if somebody sat before it
        self.look(SCREEN)

    # What one does

    def look(self, size: tuple[int, int] = SCREEN, *, dark: bool = False) -> None:
        """A screen or a phone, light or dark."""
        width, height = size
        self.call(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=size == PHONE,
        )
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.call("Emulation.setEmulatedMedia", media="", features=[scheme])

    def print_to(self, width: int) -> None:
        """Paper of that width, in pixels, until the next `look`."""
        self.look((width, SCREEN[1]))
        self.call("Emulation.setEmulatedMedia", media="print", features=[])

    def speak(self, language: str) -> None:
        """Ask for pages in that language."""
        self.call("Network.setExtraHTTPHeaders", headers={"Accept-Language": language})

    def open(self, address: str) -> None:
        """Go there, and wait until it stands."""
        found = self.call("Page.navigate", url=address)
        if "errorText" in found:
            raise BrowserError(f"{address}: {found['errorText']}")
        self._wait_for_load()

    def click(self, selector: str) -> None:
        """Press something in the middle, as a hand does."""
        place = self.ask(
            f"(() => {{ const e = document.querySelector({json.dumps(selector)}); if (!e) return null;"
            " e.scrollIntoView({block: 'center'}); const r = e.getBoundingClientRect();"
            " return [r.x + r.width / 2, r.y + r.height / 2]; })()"
        )
        if place is None:
            raise BrowserError(f"nothing to click: {selector}")
        for kind in ("mousePressed", "mouseReleased"):
            self.call(
                "Input.dispatchMouseEvent", type=kind, x=place[0], y=place[1], button="left", clickCount=1
            )

    def follow(self, selector: str) -> None:
        """Click, and wait for the page it leads to."""
        self.leave(lambda: self.click(selector))

    def leave(self, how: Callable[[], None]) -> None:
        """Do what leads to another page, and wait until that stands."""
        self.ask("document.documentElement.dataset.left = 'no'")
        how()
        self.wait("document.documentElement.dataset.left !== 'no'")
        self._wait_for_load()

    def type(self, selector: str, text: str) -> None:
        """Put the caret there and type."""
        self.ask(f"document.querySelector({json.dumps(selector)}).focus()")
        self.call("Input.insertText", text=text)

    def press(self, key: str, code: int, text: str = "") -> None:
        """Press a key, as in press("Tab", 9)."""
        for kind in ("keyDown", "keyUp"):
            self.call(
                "Input.dispatchKeyEvent", type=kind, key=key, code=key, windowsVirtualKeyCode=code, text=text
            )

    # What one sees

    def ask(self, expression: str) -> Any:
        """The value of an expression in the page; it may be a promise."""
        found = self.call("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in found:
            raise BrowserError(f"{expression[:80]}: {found['exceptionDetails']}")
        return found["result"].get("value")

    def wait(self, expression: str) -> None:
        """Until that is true."""
        until = time.monotonic() + PATIENCE
        while True:
            try:
                if self.ask(f"Boolean({expression})"):
                    return
            except BrowserError:
                pass  # the page is just being left
            if time.monotonic() > until:
                raise BrowserError(f"waited in vain for {expression} in {self.text()[:2000]}")
            time.sleep(0.03)

    def text(self) -> str:
        """What can be read on the page."""
        return str(self.ask("document.body.innerText"))

    def photograph(self, picture: Path, *, whole: bool = True) -> None:
        """A picture of the page."""
        options: dict[str, Any] = {"format": "png"}
        if whole:
            size = self.call("Page.getLayoutMetrics")["cssContentSize"]
            options |= {"captureBeyondViewport": True, "clip": {**size, "x": 0, "y": 0, "scale": 1}}
        found = self.call("Page.captureScreenshot", **options)
        picture.write_bytes(base64.b64decode(found["data"]))

    def pdf(self) -> bytes:
        """The page as it is printed."""
        return base64.b64decode(self.call("Page.printToPDF", printBackground=True)["data"])

    # The protocol

    def call(self, method: str, /, **parameters: Any) -> dict[str, Any]:
        """One command of the protocol, answered."""
        self._last += 1
        number = self._last
        message: dict[str, Any] = {"id": number, "method": method, "params": parameters}
        if self._session:
            message["sessionId"] = self._session
        os.write(self._to, json.dumps(message).encode() + b"\0")
        while True:
            answer = self._read()
            if answer.get("id") == number:
                if "error" in answer:
                    raise BrowserError(f"{method}: {answer['error']}")
                result: dict[str, Any] = answer["result"]
                return result
            self._hear(answer)

    def _read(self) -> dict[str, Any]:
        while b"\0" not in self._rest:
            piece = os.read(self._back, 1 << 16)
            if not piece:
                raise BrowserError("the browser is gone")
            self._rest += piece
        message, _, self._rest = self._rest.partition(b"\0")
        found: dict[str, Any] = json.loads(message)
        return found

    def _hear(self, event: dict[str, Any]) -> None:
        method, said = event.get("method"), event.get("params", {})
        if method == "Network.requestWillBeSent":
            self.requests.append(said["request"]["url"])
        elif method == "Network.responseReceived" and said.get("type") == "Document":
            self.status = said["response"]["status"]
        elif method == "Runtime.exceptionThrown":
            self.complaints.append(str(said["exceptionDetails"].get("exception", {}).get("description")))
        elif method == "Log.entryAdded" and said["entry"]["source"] in {"security", "javascript"}:
            self.complaints.append(said["entry"]["text"])

    def _wait_for_load(self) -> None:
        self.wait("document.readyState === 'complete' && !document.querySelector('[aria-busy]')")


@contextmanager
def browser() -> Iterator[Tab]:
    """A browser with an empty page and no past."""
    program = needed()
    with TemporaryDirectory(prefix="browser-", ignore_cleanup_errors=True) as profile:
        to_read, to = os.pipe()
        back, back_write = os.pipe()

        def hand_over() -> None:  # the browser reads from 3 and writes to 4
            spare = os.dup2(to_read, 100), os.dup2(back_write, 101)
            os.dup2(spare[0], 3)
            os.dup2(spare[1], 4)

        process = subprocess.Popen(
            [program, *_FLAGS, f"--user-data-dir={profile}", "about:blank"],
            preexec_fn=hand_over,
            pass_fds=(3, 4),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        os.close(to_read)
        os.close(back_write)
        try:
            tab = Tab(process, to, back)
            tab.attach()
            yield tab
        finally:
            process.terminate()
            process.wait(timeout=20)
            os.close(to)
            os.close(back)


def photograph(
    address: str,
    picture: Path,
    *,
    size: tuple[int, int] = SCREEN,
    dark: bool = False,
    language: str = "en",
    whole: bool = False,
) -> bool:
    """A picture of one page, for the README. Returns whether there is a browser to take it with."""
    if chromium() is None:
        return False
    with browser() as tab:
        tab.speak(language)
        tab.look(size, dark=dark)
        tab.open(address)
        tab.photograph(picture, whole=whole)
    return True
