"""`stammkunde service`: the unit of systemd, written and judged by systemd itself where it is there."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.shopfloor import Floor, shopfloor


@pytest.fixture
def floor(tmp_path: Path) -> Iterator[Floor]:
    with shopfloor(tmp_path) as floor:
        floor.open_shop()
        yield floor


def test_the_unit_runs_this_installation_and_may_write_its_folder_only(floor: Floor) -> None:
    unit = floor.done("service", "install", "--system", "--run-as", "shopkeeper", "--print").out
    lines = unit.splitlines()
    assert f"--config {floor.config} daemon" in next(line for line in lines if line.startswith("ExecStart="))
    assert f"ReadWritePaths={floor.folder}" in lines
    for line in (
        "User=shopkeeper",
        "Type=notify",
        "ProtectSystem=strict",
        "NoNewPrivileges=yes",
        "PrivateTmp=yes",
    ):
        assert line in lines
    assert "WantedBy=multi-user.target" in lines


def test_a_service_of_ones_own_has_no_user_and_starts_with_its_session(floor: Floor) -> None:
    lines = floor.done("service", "install", "--print").out.splitlines()
    assert not any(line.startswith("User=") for line in lines)
    assert "WantedBy=default.target" in lines


def test_a_folder_with_a_space_is_written_as_systemd_reads_it(tmp_path: Path) -> None:
    folder = tmp_path / "Mein Shop"
    folder.mkdir()
    with shopfloor(folder) as floor:
        floor.open_shop()
        lines = floor.done("service", "install", "--print").out.splitlines()
    assert f"EnvironmentFile=-{folder}/stammkunde.env" in lines  # with quotes it would be ignored
    assert f'ReadWritePaths="{folder}"' in lines
    assert any(f'--config "{folder}/stammkunde.toml" daemon' in line for line in lines)


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="no systemd here")
@pytest.mark.parametrize("whose", ["--system", "--user"])
def test_systemd_finds_nothing_wrong_with_the_unit(floor: Floor, whose: str) -> None:
    path = floor.folder / "stammkunde.service"
    path.write_text(floor.done("service", "install", whose, "--print").out, encoding="utf-8")
    done = subprocess.run(
        ["systemd-analyze", "verify", str(path)], capture_output=True, text=True, check=False
    )
    about_it = [
        line for line in done.stderr.splitlines() if "stammkunde" in line and "not executable" not in line
    ]
    assert about_it == []


def test_installing_writes_the_unit_and_starts_it_and_removing_leaves_nothing(
    floor: Floor, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = _systemctl(floor.folder, monkeypatch)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(floor.folder / "home"))
    path = floor.folder / "home/systemd/user/stammkunde.service"
    floor.done("service", "install")
    assert "ExecStart=" in path.read_text()
    assert calls.read_text().splitlines() == [
        "--user daemon-reload",
        "--user enable --now stammkunde.service",
    ]
    floor.done("service", "remove")
    assert not path.exists()
    assert calls.read_text().splitlines()[2:] == [
        "--user disable --now stammkunde.service",
        "--user daemon-reload",
    ]
    again = floor.run("service", "remove")
    assert (again.code, again.err) == (2, f"There is no {path}, so nothing is installed there.\n")


def test_secrets_of_the_shell_have_to_be_written_down_for_the_service(
    floor: Floor, monkeypatch: pytest.MonkeyPatch
) -> None:
    _systemctl(floor.folder, monkeypatch)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(floor.folder / "home"))
    monkeypatch.setenv("ROASTERY_TOKEN", "shpat_1")
    floor.set(token='{ env = "ROASTERY_TOKEN" }')
    variables = floor.folder / "stammkunde.env"
    assert f"for ROASTERY_TOKEN into {variables}" in floor.done("service", "install").err
    assert (
        f"EnvironmentFile=-{variables}" in (floor.folder / "home/systemd/user/stammkunde.service").read_text()
    )
    variables.write_text("ROASTERY_TOKEN=shpat_1\n")
    assert "ROASTERY_TOKEN" not in floor.done("service", "install").err


def test_secrets_of_tools_and_mail_have_to_be_written_down_too(
    floor: Floor, monkeypatch: pytest.MonkeyPatch
) -> None:
    _systemctl(floor.folder, monkeypatch)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(floor.folder / "home"))
    for name in ("HOOK_SECRET", "BREVO_KEY", "MAIL_PASSWORD"):
        monkeypatch.setenv(name, "whsec_c2VjcmV0LW9mLXRoaXJ0eS10d28tYnl0ZXMtb3Itc28=")
    floor.write_config(
        rules="""
[receivers.journeys]
url = "http://127.0.0.1:9/"
secret = { env = "HOOK_SECRET" }
events = ["alert"]

[outlets.brevo]
api_key = { env = "BREVO_KEY" }

[alerts.mail]
to = ["owner@example.com"]
sender = "shop@example.com"
host = "127.0.0.1"
user = "shop"
password = { env = "MAIL_PASSWORD" }
"""
    )
    said = floor.done("service", "install").err
    assert "for BREVO_KEY, HOOK_SECRET, MAIL_PASSWORD into" in said


def test_what_systemctl_says_against_it_is_shown(floor: Floor, monkeypatch: pytest.MonkeyPatch) -> None:
    _systemctl(floor.folder, monkeypatch, end="echo 'Failed to connect to bus' >&2; exit 1")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(floor.folder / "home"))
    ran = floor.run("service", "install")
    assert ran.code == 1
    assert "`systemctl --user daemon-reload` failed: Failed to connect to bus" in ran.err


def test_no_service_is_installed_with_a_config_that_is_wrong(floor: Floor) -> None:
    floor.set(push='"yes"')
    assert floor.run("service", "install").code == 2


def _systemctl(folder: Path, monkeypatch: pytest.MonkeyPatch, end: str = "") -> Path:
    """A systemctl that writes down what it was asked."""
    program, calls = folder / "bin/systemctl", folder / "calls"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\necho "$@" >> {calls}\n{end}\n', encoding="utf-8")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:{os.environ['PATH']}")
    return calls
