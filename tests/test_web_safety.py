"""What keeps strangers out of the pages: names, logins, roles, tokens, headers."""

import json
import re
import socket
import sqlite3
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from tests.dashboard import PAGES, Reader, readable, served
from tests.shopfloor import CAMPAIGN, GROUPS, Floor, customer, people, put, shopfloor

PASSWORD = "correct horse battery"


@pytest.fixture
def floor(tmp_path: Path) -> Iterator[Floor]:
    with shopfloor(tmp_path) as floor:
        put(floor.open_shop(), people())
        floor.done("pull")
        yield floor


def log_in(address: str, name: str = "anna", password: str = PASSWORD) -> Reader:
    reader = Reader(address)
    answer = reader.post("/login", {"name": name, "password": password})
    assert answer.status_code == 302, readable(answer.text)
    return reader


def set_password(floor: Floor, name: str = "anna", role: str = "owner", password: str = PASSWORD) -> None:
    floor.run("web", "password", name, "--role", role, stdin=f"{password}\n")
    assert (floor.folder / "stammkunde.logins").exists()


# Where it may be reached


@pytest.mark.parametrize(
    ("listen", "dashboard"),
    [
        ("0.0.0.0:0", ""),
        ("192.0.2.7:8484", ""),
        ("127.0.0.1:0", 'hosts = ["stammkunde.example.org"]'),
        ("127.0.0.1:0", "behind_proxy = true"),
    ],
)
def test_it_does_not_start_where_strangers_could_come_and_nobody_has_to_log_in(
    floor: Floor, listen: str, dashboard: str
) -> None:
    floor.write_config(top=f"[dashboard]\n{dashboard}\n")
    for command in ("web", "daemon"):
        ran = floor.run(command, "--listen", listen)
        assert ran.code == 2
        assert "nobody would have to log in. Set a password with `stammkunde web password NAME`" in ran.err


def test_a_staff_password_alone_is_not_enough_to_open_it(floor: Floor) -> None:
    set_password(floor, role="staff")
    assert floor.run("web", "--listen", "0.0.0.0:0").code == 2


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "localhost.evil.example:80", ""])
def test_a_foreign_name_is_refused(floor: Floor, host: str) -> None:
    with served(floor) as address:
        for path in ("/", "/shops/roastery/", "/metrics", "/healthz", "/static/dashboard.css"):
            answer = Reader(address).get(path, Host=host)
            assert answer.status_code == 400, (path, host)
            assert "roastery" not in answer.text


def test_every_name_of_this_machine_is_served(floor: Floor) -> None:
    with served(floor) as address:
        for host in ("localhost", "127.0.0.1:8484", "[::1]:8484", "LOCALHOST"):
            assert Reader(address).get("/shops/roastery/", Host=host).status_code == 200


def test_a_named_host_is_served_and_asks_who_it_is(floor: Floor) -> None:
    set_password(floor)
    floor.write_config(top='[dashboard]\nhosts = ["stammkunde.example.org"]\n')
    with served(floor) as address:
        answer = Reader(address).get("/shops/roastery/", Host="stammkunde.example.org")
        assert answer.status_code == 302
        assert answer.headers["Location"].startswith("/login")


def test_what_came_through_a_proxy_is_refused_where_nobody_logs_in(floor: Floor) -> None:
    with served(floor) as address:
        for header in ("X-Forwarded-For", "Forwarded", "X-Real-IP", "Via"):
            answer = Reader(address).get("/shops/roastery/", **{header: "for=192.0.2.1"})
            assert answer.status_code == 403
            assert "Set a password" in answer.text
            assert "stammkunden" not in answer.text


def test_the_pages_can_be_left_out(floor: Floor) -> None:
    floor.write_config(top="[dashboard]\nshow = false\n")
    with served(floor, figures=False) as address:
        assert Reader(address).get("/").status_code == 404
        assert Reader(address).get("/shops/roastery/").status_code == 404
        assert Reader(address).get("/healthz").status_code == 200
    ran = floor.run("web")
    assert ran.code == 2
    assert "show = false stands under [dashboard]" in ran.err


# Logging in


def test_without_a_login_every_page_leads_to_it(floor: Floor) -> None:
    set_password(floor)
    with served(floor) as address:
        reader = Reader(address)
        for page in PAGES.values():
            answer = reader.get(f"/shops/roastery/{page}")
            assert answer.status_code == 302, page
            assert answer.headers["Location"].startswith("/login?to=")
        assert reader.get("/healthz").status_code == 200
        log_in(address).shop("")


def test_a_login_leads_back_to_the_page_and_never_elsewhere(floor: Floor) -> None:
    set_password(floor)
    with served(floor) as address:
        for to, leads in (
            ("/shops/roastery/plan", "/shops/roastery/plan"),
            ("https://evil.example/", "/"),
            ("//evil.example/", "/"),
            ("/\\evil.example", "/"),
            ("javascript:alert(1)", "/"),
        ):
            reader = Reader(address)
            answer = reader.post("/login", {"name": "anna", "password": PASSWORD, "to": to})
            assert answer.headers["Location"] == leads


def test_a_wrong_name_or_password_says_the_same(floor: Floor) -> None:
    set_password(floor)
    with served(floor) as address:
        said = [
            readable(Reader(address).post("/login", {"name": name, "password": password}).text)
            for name, password in (("anna", "wrong horse battery"), ("nobody", PASSWORD))
        ]
        assert "Name or password is wrong." in said[0]
        assert said[0] == said[1]


def test_guessing_is_slowed_down(floor: Floor) -> None:
    set_password(floor)
    with served(floor) as address:
        reader = Reader(address)
        codes = [
            reader.post("/login", {"name": "anna", "password": f"guess {n}"}).status_code for n in range(7)
        ]
        assert codes == [403, 403, 403, 403, 403, 429, 429]
        assert reader.post("/login", {"name": "anna", "password": PASSWORD}).status_code == 429
        assert reader.get("/shops/roastery/").status_code == 302


def test_the_cookie_is_kept_from_scripts_and_from_other_sites(floor: Floor) -> None:
    set_password(floor)
    floor.write_config(top="[dashboard]\nbehind_proxy = true\n")
    with served(floor) as address:
        plain = Reader(address).get("/login").headers["Set-Cookie"]
        assert "HttpOnly" in plain
        assert "SameSite=Lax" in plain
        assert "Secure" not in plain
        https = Reader(address).get("/login", **{"X-Forwarded-Proto": "https"})
        assert "Secure" in https.headers["Set-Cookie"]
        assert "max-age" in https.headers["Strict-Transport-Security"]


def test_a_new_password_ends_the_sessions_of_the_old_one(floor: Floor) -> None:
    set_password(floor)
    with served(floor) as address:
        reader = log_in(address)
        reader.shop("")
        set_password(floor, password="another long password")
        assert reader.get("/shops/roastery/").status_code == 302
        log_in(address, password="another long password").shop("")


def test_logging_out_and_being_removed_end_a_session(floor: Floor) -> None:
    set_password(floor)
    set_password(floor, "bert")
    with served(floor) as address:
        anna, bert = log_in(address), log_in(address, "bert")
        anna.post("/logout", {}, on="/shops/roastery/")
        assert anna.get("/shops/roastery/").status_code == 302
        floor.done("web", "password", "bert", "--remove")
        assert bert.get("/shops/roastery/").status_code == 302


def test_passwords_are_kept_as_hashes_in_a_private_file(floor: Floor) -> None:
    set_password(floor)
    path = floor.folder / "stammkunde.logins"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    found = json.loads(path.read_text(encoding="utf-8"))
    assert PASSWORD not in path.read_text(encoding="utf-8")
    assert found["logins"][0]["hash"].startswith("$argon2id$")
    assert floor.done("web", "logins", "--json").json() == [{"name": "anna", "role": "owner"}]
    path.chmod(0o644)
    ran = floor.run("web", "logins")
    assert ran.code == 2
    assert f"`chmod 600 {path}` mends that." in ran.err


def test_a_short_password_is_refused(floor: Floor) -> None:
    ran = floor.run("web", "password", "anna", stdin="short\n")
    assert ran.code == 2
    assert "A password has 10 characters or more." in ran.err


# Roles


def test_staff_look_up_customers_and_codes_and_nothing_else(floor: Floor) -> None:
    floor.first_push()
    set_password(floor)
    set_password(floor, "bert", "staff")
    ((code,),) = floor.rows("SELECT code FROM issued WHERE customer_id = '1003'") or [("",)]
    with served(floor) as address:
        staff = log_in(address, "bert")
        assert staff.get("/").headers["Location"] == "/shops/roastery/search"
        customer = staff.post(
            "/shops/roastery/search", {"q": "ada@example.com"}, on="/shops/roastery/search"
        ).headers["Location"]
        assert "Orders that count" in staff.get(customer).text
        assert "ada@example.com" in staff.post(customer, {}).text
        allowed = {"search"}
        for page in PAGES.values():
            wanted = 200 if page in allowed else 403
            assert staff.get(f"/shops/roastery/{page}").status_code == wanted, page
        for path in ("plan/approve", "resume", "runs/push-1/undo", "rule/tried"):
            answer = staff.post(f"/shops/roastery/{path}", {"sure": "1"}, on="/shops/roastery/search")
            assert answer.status_code == 403, path
        links = set(re.findall(r'<li><a href="/shops/roastery/(\w*)"', staff.shop("search")))
        assert links == {"search"}
        assert code == "" or staff.get(f"/shops/roastery/codes/{code}").status_code == 200


# Forms and headers


def forms(html: str) -> list[str]:
    return re.findall(r"<form[^>]*method=\"post\".*?</form>", html, flags=re.DOTALL)


def test_every_form_has_a_token(floor: Floor) -> None:
    with served(floor) as address:
        reader = Reader(address)
        for page in PAGES.values():
            if "value/" in page or "come-back" in page or page.startswith("rfm/"):
                continue
            for form in forms(reader.shop(page)):
                assert 'name="csrf_token"' in form, (page, form)


def test_a_form_without_its_token_does_nothing(floor: Floor) -> None:
    with served(floor) as address:
        reader = Reader(address)
        reader.shop("plan")
        for path in ("plan/approve", "resume", "search", "rule/tried", "rule"):
            for fields in ({}, {"csrf_token": "made-up"}):
                answer = reader.session.post(
                    f"{address}/shops/roastery/{path}",
                    data={"sure": "1", "push": "1", "mark": "x", **fields},
                    timeout=10,
                )
                assert answer.status_code == 400, path
        assert floor.mutations() == []


def test_a_page_may_load_nothing_from_elsewhere_and_stand_in_no_frame(floor: Floor) -> None:
    with served(floor) as address:
        headers = Reader(address).get("/shops/roastery/").headers
        policy = headers["Content-Security-Policy"]
        assert policy.startswith("default-src 'none'; style-src 'self'; script-src 'self'")
        assert "frame-ancestors 'none'" in policy
        assert "unsafe" not in policy
        assert "http" not in policy
        assert headers["X-Frame-Options"] == "DENY"
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Cache-Control"] == "no-store"
        assert headers["Referrer-Policy"] == "same-origin"


def test_what_changes_something_is_never_a_mere_address(floor: Floor) -> None:
    with served(floor) as address:
        for path in ("plan/approve", "resume", "runs/push-1/undo", "rule/tried"):
            assert Reader(address).get(f"/shops/roastery/{path}?sure=1").status_code == 405, path
        assert requests.delete(f"{address}/shops/roastery/plan", timeout=5).status_code == 405


def test_a_number_that_is_none_is_no_defect(floor: Floor) -> None:
    huge = "9" * 30
    with served(floor) as address:
        reader = Reader(address)
        assert reader.get(f"/shops/roastery/customers/{huge}").status_code == 404
        for page in ("groups/stammkunden", "rfm/5/4", "runs/push-1"):
            for after in (huge, "²", "-1", "1e9", "٣"):
                answer = reader.get(f"/shops/roastery/{page}?after={after}")
                assert answer.status_code in (200, 404), (page, after)


def test_what_is_sent_is_bounded_before_it_is_kept(floor: Floor) -> None:
    with served(floor, figures=False) as address:
        host, port = address.removeprefix("http://").split(":")
        with socket.create_connection((host, int(port)), timeout=10) as caller:
            caller.sendall(b"POST /login HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000000000\r\n\r\n")
            caller.sendall(b"x" * 65536)
            assert caller.recv(64).startswith(b"HTTP/1.1 413 ")


def test_a_proxy_that_leaves_no_mark_but_the_old_protocol_is_one(floor: Floor) -> None:
    with served(floor) as address:
        host, port = address.removeprefix("http://").split(":")
        with socket.create_connection((host, int(port)), timeout=10) as nginx:
            nginx.sendall(b"GET /shops/roastery/ HTTP/1.0\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n")
            answer = b"".join(iter(lambda: nginx.recv(65536), b"")).decode()
        assert answer.split()[1] == "403"
        assert "Set a password" in answer


def test_guessing_from_all_over_one_network_is_slowed_down(floor: Floor) -> None:
    set_password(floor)
    floor.write_config(top="[dashboard]\nbehind_proxy = true\n")
    with served(floor) as address:
        codes = []
        for n in range(7):
            reader = Reader(address)
            reader.session.headers["X-Forwarded-For"] = f"2001:db8:0:1::{n}"
            codes.append(reader.post("/login", {"name": "anna", "password": f"guess {n}"}).status_code)
        assert codes == [403, 403, 403, 403, 403, 429, 429]
        owner = Reader(address)
        owner.session.headers["X-Forwarded-For"] = "2001:db8:0:2::1"
        assert owner.post("/login", {"name": "anna", "password": PASSWORD}).status_code == 302


def test_a_session_ends_after_twelve_hours_however_much_it_is_used(floor: Floor) -> None:
    set_password(floor)
    with served(floor) as address:
        reader = log_in(address)
        for _ in range(2):
            floor.later(hours=5.9)
            assert reader.get("/shops/roastery/").status_code == 200
        floor.later(hours=0.3)
        assert reader.get("/shops/roastery/").headers["Location"].startswith("/login")


def test_a_defect_tells_the_log_where_it_is_and_nothing_about_anybody(
    floor: Floor, caplog: pytest.LogCaptureFixture
) -> None:
    floor.first_push()
    ((person,),) = floor.rows("SELECT person FROM customers WHERE id = '1001'")
    with sqlite3.connect(floor.database) as connection:
        connection.execute("UPDATE customers SET tags = 'ada@example.com' WHERE id = '1001'")
    connection.close()
    with served(floor, figures=False) as address:
        answer = Reader(address).get(f"/shops/roastery/customers/{person}")
        assert answer.status_code == 500
        assert "Something went wrong." in readable(answer.text)
    assert "a defect in Stammkunde (DecodeError)" in caplog.text
    assert "in portrait" in caplog.text
    assert "malformed" not in caplog.text
    assert "ada@example.com" not in caplog.text


def test_a_database_that_is_none_is_told_without_its_path_and_without_a_traceback(
    floor: Floor, caplog: pytest.LogCaptureFixture
) -> None:
    (floor.folder / "other.sqlite").write_text("this is no database, and long enough to be read as one" * 100)
    floor.write_config(top='database = "other.sqlite"')
    with served(floor, figures=False) as address:
        for path in ("/readyz", "/metrics"):
            answer = Reader(address).get(path)
            assert answer.status_code == 503
            assert "other.sqlite" not in answer.text
        assert Reader(address).get("/healthz").status_code == 200
    assert "is not a Stammkunde database or is damaged" in caplog.text
    assert "Traceback" not in caplog.text


def test_an_address_of_two_lines_leads_nowhere(floor: Floor) -> None:
    set_password(floor)
    with served(floor) as address:
        answer = Reader(address).post(
            "/login", {"name": "anna", "password": PASSWORD, "to": "/\r\nX-Evil: 1"}
        )
        assert answer.headers["Location"] == "/"


def test_figures_for_monitoring_are_not_told_to_whoever_comes_by_the_proxy_of_the_pages(floor: Floor) -> None:
    set_password(floor)
    set_password(floor, "bert", "staff")
    floor.write_config(top="[dashboard]\nbehind_proxy = true\n")
    with served(floor) as address:
        stranger, owner, staff = Reader(address), log_in(address), log_in(address, "bert")
        by_proxy = {"X-Forwarded-For": "192.0.2.1"}
        for path in ("/metrics", "/readyz"):
            assert stranger.get(path, **by_proxy).status_code == 403
            assert staff.get(path, **by_proxy).status_code == 403
            assert owner.get(path, **by_proxy).status_code == 200
            assert stranger.get(path).status_code == 200  # Prometheus, on this machine
        assert stranger.get("/healthz", **by_proxy).status_code == 200
    floor.write_config(top="[dashboard]\nbehind_proxy = true\nshow = false\n")
    with served(floor, figures=False) as address:
        assert Reader(address).get("/metrics", **by_proxy).status_code == 200


def test_the_address_that_a_code_is_bound_to_is_not_shown_in_full(floor: Floor) -> None:
    put(floor.shop, [customer(1003, "Cem@Example.com", updated_at=floor.now)])
    floor.write_config(rules=GROUPS + CAMPAIGN)
    floor.first_push()
    bound = "json_set(terms, '$.bound', 'email', '$.email', 'cem@example.com')"
    with sqlite3.connect(floor.database) as connection:
        connection.execute(f"UPDATE issued SET terms = {bound} WHERE customer_id = '1003'")
    connection.close()
    ((code,),) = floor.rows("SELECT code FROM issued WHERE customer_id = '1003'")
    with served(floor, figures=False) as address:
        page = Reader(address).get(f"/shops/roastery/codes/{code}").text
    assert "only with the address ce•••@e•••.com" in readable(page)
    assert "cem@example.com" not in page.lower()


def test_where_nobody_can_log_in_strangers_are_not_told_why(
    floor: Floor, caplog: pytest.LogCaptureFixture
) -> None:
    set_password(floor)
    with served(floor, figures=False) as address:
        (floor.folder / "stammkunde.logins").chmod(0o644)
        answers = [
            Reader(address).get("/shops/roastery/"),
            Reader(address).get("/metrics", **{"X-Forwarded-For": "192.0.2.1"}),
        ]
    for answer in answers:
        assert answer.status_code == 500
        assert str(floor.folder) not in answer.text
    assert "can be read by others on this machine. `chmod 600" in caplog.text
    assert "defect" not in caplog.text
