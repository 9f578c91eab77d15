"""`stammkunde jtl register`: Stammkunde asks for a key, and somebody in JTL-Wawi confirms."""

import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from pydantic import SecretStr

from adapters.jtl.wawi import WawiAdapter
from adapters.jtl.wawi.registration import Registration
from adapters.jtl.wawi.sandbox import WawiSandbox
from connector.cli import main
from connector.errors import AuthError, RejectedError, StammkundeError


@pytest.fixture
def shop() -> Iterator[WawiSandbox]:
    with WawiSandbox() as sandbox:
        sandbox.registration.decide("accept")
        yield sandbox


def address(shop: WawiSandbox) -> str:
    return str(shop.settings()["url"])


def register(shop: WawiSandbox, *options: str) -> Result:
    return CliRunner().invoke(main, ["jtl", "register", address(shop), *options])


def test_the_key_is_the_only_output_and_lets_the_adapter_in(shop: WawiSandbox) -> None:
    result = register(shop)
    assert (result.exit_code, result.stdout) == (0, "key-of-request-1\n")
    adapter = WawiAdapter(url=address(shop), key=SecretStr(result.stdout.strip()))
    assert adapter.check().name == "Rösterei Sandkasten"
    adapter.close()


def test_the_config_to_write_is_shown(shop: WawiSandbox) -> None:
    result = register(shop, "--app-id", "laden/v2")
    assert result.stderr.endswith(
        "In stammkunde.toml:\n\n"
        "[shops.wawi]\n"
        'adapter = "jtl-wawi"\n'
        f'url = "{address(shop)}"\n'
        'app_id = "laden/v2"\n'
        'key = { file = "wawi.key" }\n'
        "push = false\n"
    )


def test_the_key_goes_into_a_private_file_and_is_not_shown(shop: WawiSandbox, tmp_path: Path) -> None:
    out = tmp_path / "laden.key"
    result = register(shop, "--out", str(out))
    assert (result.exit_code, result.stdout) == (0, "")
    assert "key-of-request-1" not in result.stderr
    assert 'key = { file = "laden.key" }' in result.stderr
    assert out.read_text(encoding="utf-8") == "key-of-request-1\n"
    assert out.stat().st_mode & 0o777 == 0o600


def test_a_file_that_is_there_is_kept_and_nothing_is_asked_for(shop: WawiSandbox, tmp_path: Path) -> None:
    out = tmp_path / "laden.key"
    out.write_text("another key", encoding="utf-8")
    result = register(shop, "--out", str(out))
    assert (result.exit_code, out.read_text(encoding="utf-8")) == (1, "another key")
    assert shop.registration.wishes() == []


@pytest.mark.parametrize(
    ("options", "optional"),
    [
        ((), []),
        (
            ("--tags",),
            [
                "customer.querycustomercustomfields",
                "customer.querycustomercustomfieldvalues",
                "customer.updatecustomercustomfield",
                "customer.deletecustomercustomfield",
            ],
        ),
        (("--groups", "--run-as"), ["customer.updatecustomer", "Application.RunAs"]),
    ],
)
def test_only_the_permissions_that_are_needed_are_asked_for(
    shop: WawiSandbox, options: tuple[str, ...], optional: list[str]
) -> None:
    assert register(shop, *options).exit_code == 0
    (wish,) = shop.registration.wishes()
    assert (wish["MandatoryApiScopes"], wish["OptionalApiScopes"]) == (["all.read"], optional)


def test_it_waits_until_somebody_confirms(shop: WawiSandbox) -> None:
    shop.registration.decide("accept", after=2)
    assert register(shop).stdout == "key-of-request-1\n"
    assert len(shop.faults.requests("/authentication/request-1")) == 3


def test_an_answer_that_gets_lost_while_it_waits_is_no_matter(shop: WawiSandbox) -> None:
    shop.registration.decide("accept", after=1)
    shop.faults.plan("error", contains="GET /api/eazybusiness/v1/authentication")
    assert register(shop).stdout == "key-of-request-1\n"


def test_a_key_that_got_lost_is_told_as_lost(shop: WawiSandbox) -> None:
    shop.faults.plan("truncate", contains="GET /api/eazybusiness/v1/authentication")
    result = register(shop)
    assert (result.exit_code, result.stdout) == (1, "")
    assert "its key was handed out and the answer got lost" in result.stderr


def test_a_refusal_an_end_a_missing_licence_and_a_closed_page_are_told_apart(
    shop: WawiSandbox, tmp_path: Path
) -> None:
    out = tmp_path / "laden.key"
    said = {}
    shop.registration.decide("reject")
    said["refused"] = register(shop, "--out", str(out)).stderr
    shop.registration.decide("expire")
    said["ended"] = register(shop, "--out", str(out)).stderr
    shop.registration.waiting = False
    said["closed"] = register(shop, "--out", str(out)).stderr
    shop.entry.licensed = False
    said["licence"] = register(shop, "--out", str(out)).stderr
    words = {
        "refused": "was refused in JTL-Wawi",
        "ended": "has ended: it expired",
        "closed": "is not waiting for an app",
        "licence": "the licence for its API is missing",
    }
    assert [name for name, part in words.items() if part not in said[name]] == []
    assert not out.exists()  # no empty file is left behind


def test_an_app_that_is_registered_gets_no_second_key(shop: WawiSandbox) -> None:
    register(shop)
    result = register(shop)
    assert (result.exit_code, result.stdout) == (1, "")
    assert "'stammkunde/v1' is registered already" in result.stderr


def test_an_address_without_the_api_is_told(shop: WawiSandbox) -> None:
    result = CliRunner().invoke(main, ["jtl", "register", f"{shop.url}/api/andere"])
    assert (result.exit_code, result.stdout) == (1, "")
    assert "has no API of JTL-Wawi at this address" in result.stderr


def test_what_is_no_address_is_refused() -> None:
    result = CliRunner().invoke(main, ["jtl", "register", "server:5883"])
    assert (result.exit_code, result.stdout) == (2, "")


def test_a_key_whose_file_cannot_be_written_is_shown_instead(shop: WawiSandbox, tmp_path: Path) -> None:
    out = tmp_path / "laden.key"
    shop.registration.decide("accept", after=2)

    def spoil() -> None:
        while not out.exists():
            time.sleep(0.01)
        out.unlink()
        out.mkdir()

    meddler = threading.Thread(target=spoil)
    meddler.start()
    result = register(shop, "--out", str(out))
    meddler.join()
    assert (result.exit_code, result.stdout) == (0, "key-of-request-1\n")
    assert "laden.key cannot be written: Is a directory." in result.stderr


def test_waiting_ends() -> None:
    with WawiSandbox() as silent:
        now = [0.0]

        def sleep(seconds: float) -> None:
            now[0] += seconds

        registration = Registration(
            url=address(silent), app_id="stammkunde/v1", sleep=sleep, clock=lambda: now[0]
        )
        request = registration.ask(())
        with pytest.raises(StammkundeError, match="Nobody confirmed the registration within 60 seconds"):
            registration.wait(request, 60)
        registration.close()
        assert 55 < now[0] <= 60
        assert len(silent.faults.requests("/authentication/")) < 25


def test_what_wawi_does_not_take_is_refused(shop: WawiSandbox) -> None:
    registration = Registration(url=address(shop), app_id="")
    with pytest.raises(RejectedError, match="status 400"):
        registration.ask(())
    registration.close()


def test_another_registration_does_not_get_the_key(shop: WawiSandbox) -> None:
    first = Registration(url=address(shop), app_id="stammkunde/v1")
    second = Registration(url=address(shop), app_id="stammkunde/v1")
    request = first.ask(())
    with pytest.raises(AuthError):
        second.wait(request, 1)
    assert first.wait(request, 1).key == "key-of-request-1"
    assert "key-of" not in repr(first.wait)
    first.close()
    second.close()


def test_a_granted_key_is_not_in_its_repr(shop: WawiSandbox) -> None:
    registration = Registration(url=address(shop), app_id="stammkunde/v1")
    granted = registration.wait(registration.ask(()), 1)
    registration.close()
    assert repr(granted) == "Granted(scopes=('all.read',))"


def test_ctrl_c_leaves_no_file_and_says_what_is_left_in_wawi(tmp_path: Path) -> None:
    out = tmp_path / "laden.key"
    with WawiSandbox() as silent:
        script = "from connector.cli import main; main()"
        process = subprocess.Popen(
            [sys.executable, "-c", script, "jtl", "register", address(silent), "--out", str(out)],
            stderr=subprocess.PIPE,
            text=True,
        )
        assert process.stderr is not None
        first = process.stderr.readline()
        process.send_signal(signal.SIGINT)
        _, rest = process.communicate(timeout=20)
    assert first == "JTL-Wawi has the request. Confirm it there; Ctrl-C stops waiting.\n"
    assert "The request may still stand in JTL-Wawi: refuse it there." in rest
    assert (process.returncode, out.exists()) == (130, False)
