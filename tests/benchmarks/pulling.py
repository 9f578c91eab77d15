"""One pull from the Shopify sandbox, which runs in a process of its own."""

import json
import resource
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import requests
from pydantic import SecretStr

from adapters.shopify import ShopifyAdapter
from adapters.shopify.documents import document
from connector import mirror
from connector.database import Database
from connector.mirror import Mirror, Terms
from connector.model import Kind

SERVE = """
import sys, threading
from adapters.shopify.sandbox import ShopifySandbox
shop = ShopifySandbox(customers=int(sys.argv[1]), restore_rate=1e6, bucket=1e6)
shop.start()
print(shop.url, shop.settings()["domain"], flush=True)
sys.stdin.read()
shop.stop()
"""


def pull(adapter: ShopifyAdapter, copy: Mirror, way: str) -> dict[str, int]:
    """Read customers and orders to the end. A `since` makes the adapter go by pages."""
    records = {}
    for kind in (Kind.CUSTOMERS, Kind.ORDERS):
        read = copy.begin(kind, datetime.now(UTC))
        since = None if way == "bulk" else datetime(1970, 1, 1, tzinfo=UTC)
        for page in getattr(adapter, kind)(since, None):
            copy.store(read, page)
        copy.finish(read, datetime.now(UTC))
        records[kind.value] = read.records
    return records


def main(way: str, customers: int, export: Path | None) -> dict[str, Any]:
    serve = [sys.executable, "-c", SERVE, str(customers)]
    with (
        subprocess.Popen(
            serve,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        ) as server,
        tempfile.TemporaryDirectory() as folder,
    ):
        assert server.stdout is not None
        url, domain = server.stdout.readline().split()
        adapter = ShopifyAdapter(domain=domain, token=SecretStr("shpat_sandbox"), base_url=url)
        db = Database(Path(folder) / "bench.sqlite")
        info = adapter.check()
        terms = Terms(currency=info.currency, time_zone=info.time_zone, prefixes=("sk:",))
        copy = Mirror(db, mirror.open_shop(db, "bench"), terms)
        began, used = time.perf_counter(), time.process_time()
        records = pull(adapter, copy, way)
        seconds, cpu = time.perf_counter() - began, time.process_time() - used
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
        if export is not None:
            save_export(url, export)
        db.close()
        adapter.close()
        server.communicate("")
    return records | {
        "records": sum(records.values()),
        "seconds": seconds,
        "waiting": 1 - cpu / seconds,
        "megabytes": peak,
    }


def save_export(url: str, export: Path) -> None:
    """The orders as the shop's own bulk operation writes them, for `storing`."""

    def ask(text: str, **variables: object) -> Any:
        answer = requests.post(
            f"{url}/admin/api/2026-10/graphql.json",
            json={"query": text, "variables": variables},
            headers={"X-Shopify-Access-Token": "shpat_sandbox"},
            timeout=60,
        )
        return answer.json()["data"]

    begun = ask(document("bulk_run_query").text, query=document("bulk_orders").text)
    number = begun["started"]["bulkOperation"]["id"]
    look = "query Look($id: ID!) { bulkOperation(id: $id) { status url } }"
    while (operation := ask(look, id=number)["bulkOperation"])["status"] != "COMPLETED":
        time.sleep(0.2)
    with export.open("wb") as file, requests.get(operation["url"], stream=True, timeout=60) as answer:
        for piece in answer.iter_content(1 << 20):
            file.write(piece)


if __name__ == "__main__":
    given = dict(argument.split("=", 1) for argument in sys.argv[1:])
    path = Path(given["export"]) if "export" in given else None
    sys.stdout.write(json.dumps(main(given["way"], int(given["customers"]), path)))
