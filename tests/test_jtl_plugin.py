"""The companion plugin for JTL-Shop: the archive, and its own tests in PHP."""

import gettext
import io
import os
import shutil
import subprocess
import zipfile
from pathlib import Path
from xml.etree import ElementTree

import pytest
from click.testing import CliRunner

from adapters.jtl.commands import PLUGIN, jtl, plugin_version
from connector import __version__

PHP = Path(__file__).parent / "php"
SOURCE = Path(__file__).parent.parent / "adapters" / "jtl" / "plugin" / PLUGIN

needs_php = pytest.mark.skipif(
    not (shutil.which("php") and shutil.which("phpunit")) and "CI" not in os.environ,
    reason="php-cli, php-sqlite3, php-mbstring and phpunit are not installed",
)


@pytest.fixture
def archive(tmp_path: Path) -> zipfile.ZipFile:
    out = tmp_path / "plugin.zip"
    result = CliRunner().invoke(jtl, ["plugin", "--out", str(out)], catch_exceptions=False)
    assert result.exit_code == 0
    assert f"Stammkunde Connector {__version__}" in result.stderr
    return zipfile.ZipFile(out)


def test_the_archive_begins_with_the_plugins_folder(archive: zipfile.ZipFile) -> None:
    # JTL's plugin manager takes the first entry for it, and finds no info.xml otherwise.
    assert archive.namelist()[0] == "StammkundeConnector/"
    assert all(name.startswith("StammkundeConnector/") for name in archive.namelist())


def test_the_archive_carries_the_projects_version(archive: zipfile.ZipFile) -> None:
    info = ElementTree.fromstring(archive.read("StammkundeConnector/info.xml"))  # noqa: S314  our own file
    assert info.findtext("Version") == plugin_version(__version__)
    assert info.findtext("PluginID") == "StammkundeConnector"
    assert f"StammkundeConnector/{info.findtext('Icon')}" in archive.namelist()


def test_versions_are_written_as_the_shop_reads_them() -> None:
    assert plugin_version("1.2.0") == "1.2.0"
    assert plugin_version("1.2.0rc1") == "1.2.0-rc1"
    assert plugin_version("1.2.0.dev4") == "1.2.0-dev4"


def test_the_german_texts_are_compiled(archive: zipfile.ZipFile) -> None:
    texts = gettext.GNUTranslations(io.BytesIO(archive.read("StammkundeConnector/locale/de-DE/base.mo")))
    assert texts.gettext("API keys") == "API-Schlüssel"
    assert texts.gettext("switched off") == "abgeschaltet"


def test_every_text_of_the_backend_has_a_german_one(archive: zipfile.ZipFile) -> None:
    german = archive.read("StammkundeConnector/locale/de-DE/base.po").decode()
    for name in archive.namelist():
        if "/adminmenu/templates/" in name:
            for part in archive.read(name).decode().split("{__('")[1:]:
                text = part.split("')}")[0].replace("\\'", "'")
                assert f'msgid "{text}"' in german


def test_the_same_version_gives_the_same_archive(tmp_path: Path) -> None:
    first, second = tmp_path / "1.zip", tmp_path / "2.zip"
    for out in (first, second):
        CliRunner().invoke(jtl, ["plugin", "--out", str(out)], catch_exceptions=False)
    assert first.read_bytes() == second.read_bytes()


def test_an_archive_that_cannot_be_written_is_explained(tmp_path: Path) -> None:
    result = CliRunner().invoke(jtl, ["plugin", "--out", str(tmp_path / "no" / "such" / "p.zip")])
    assert "cannot be written: No such file or directory." in str(result.exception)


@needs_php
def test_the_plugin_has_no_syntax_errors() -> None:
    files = sorted(SOURCE.rglob("*.php"))
    assert SOURCE / "Bootstrap.php" in files
    for file in files:
        subprocess.run(["php", "-l", str(file)], check=True, capture_output=True)


@needs_php
def test_the_plugins_own_tests_pass() -> None:
    done = subprocess.run(
        ["phpunit", "-c", str(PHP / "phpunit.xml")], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
