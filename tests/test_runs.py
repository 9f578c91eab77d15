"""What a run is called."""

from pathlib import Path

from connector import ledger
from connector.database import Database
from connector.mirror import open_shop
from tests.shopfloor import NOW


def test_runs_of_one_minute_have_names_of_their_own(tmp_path: Path) -> None:
    """The random part has four characters: of 2,000 runs in one minute about thirty draw one twice."""
    with Database(tmp_path / "runs.sqlite") as db:
        shop = open_shop(db, "laden")
        names = {ledger.begin(db, shop, "pull", NOW) for _ in range(2000)}
    assert len(names) == 2000
