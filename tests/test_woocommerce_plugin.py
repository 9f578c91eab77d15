"""The companion plugin for WooCommerce: the archive, and its own tests in PHP."""

import os
import re
import shutil
import subprocess
import zipfile
from pathlib import Path

import pytest
from click.testing import CliRunner

from adapters.woocommerce.commands import PLUGIN, woocommerce
from connector import __version__

PHP = Path(__file__).parent / "php_woocommerce"
SOURCE = Path(__file__).parent.parent / "adapters" / "woocommerce" / "plugin" / PLUGIN

needs_php = pytest.mark.skipif(
    not (shutil.which("php") and shutil.which("phpunit")) and "CI" not in os.environ,
    reason="php-cli, php-mbstring and phpunit are not installed",
)


@pytest.fixture
def archive(tmp_path: Path) -> zipfile.ZipFile:
    out = tmp_path / "stammkunde.zip"
    result = CliRunner().invoke(woocommerce, ["plugin", "--out", str(out)], catch_exceptions=False)
    assert result.exit_code == 0
    assert f"Stammkunde {__version__}" in result.stderr
    assert result.stdout == ""
    return zipfile.ZipFile(out)


def test_the_archive_is_one_folder_as_wordpress_wants_it(archive: zipfile.ZipFile) -> None:
    assert all(name.startswith("stammkunde/") for name in archive.namelist())
    assert "stammkunde/stammkunde.php" in archive.namelist()
    assert "stammkunde/languages/de.php" in archive.namelist()


def test_the_archive_carries_the_projects_version(archive: zipfile.ZipFile) -> None:
    head = archive.read("stammkunde/stammkunde.php").decode()
    assert re.search(r"^ \* Version: (.*)$", head, re.MULTILINE)[1] == __version__  # type: ignore[index]


def test_the_same_version_gives_the_same_archive(tmp_path: Path) -> None:
    first, second = tmp_path / "1.zip", tmp_path / "2.zip"
    for out in (first, second):
        CliRunner().invoke(woocommerce, ["plugin", "--out", str(out)], catch_exceptions=False)
    assert first.read_bytes() == second.read_bytes()


def test_an_archive_that_cannot_be_written_is_explained(tmp_path: Path) -> None:
    result = CliRunner().invoke(woocommerce, ["plugin", "--out", str(tmp_path / "no" / "such" / "p.zip")])
    assert "cannot be written: No such file or directory." in str(result.exception)


def test_no_file_of_the_plugin_answers_when_it_is_called_directly() -> None:
    for file in SOURCE.rglob("*.php"):
        assert "defined( 'ABSPATH' ) || exit;" in file.read_text("utf-8"), file.name


@needs_php
def test_the_plugin_has_no_syntax_errors() -> None:
    files = sorted(SOURCE.rglob("*.php"))
    assert SOURCE / "stammkunde.php" in files
    for file in files:
        subprocess.run(["php", "-l", str(file)], check=True, capture_output=True)


@needs_php
def test_the_plugins_own_tests_pass() -> None:
    done = subprocess.run(
        ["phpunit", "-c", str(PHP / "phpunit.xml")], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
