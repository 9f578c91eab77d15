"""Another engine works out the groups of the large benchmark from the same file, by SQL of its own."""

from pathlib import Path

from tests.benchmarks import comparing, large


def test_duckdb_finds_the_same_groups_in_the_same_file(tmp_path: Path) -> None:
    ours = large.main(tmp_path / "shop.sqlite", 2000, 10_000)
    theirs = comparing.main(tmp_path / "shop.sqlite")
    assert ours["sizes"] == theirs["sizes"]
    assert (ours["customers"], ours["orders"], ours["lines"]) == (2000, 10_000, 24_000)
    assert all(ours["sizes"][name] > 0 for name in ("a", "champions", "at-risk", "espresso", "tea-only"))
