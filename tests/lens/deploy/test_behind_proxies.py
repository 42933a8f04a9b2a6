"""Lens behind a real nginx and a real Caddy, as docs/deploy configures them."""

from __future__ import annotations

import os
import pwd
import re
import socket
import ssl
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import requests
from allauth.usersessions.models import UserSession
from requests.adapters import HTTPAdapter

from cohorts.models import User
from tests.lens.deploy.proxy_servers import HOST, prepare_caddy, prepare_nginx
from tests.lens.test_gunicorn import web_command
from tests.support.processes import ROOT, environment, wait_until

SOON = 60
THREADS = 2
CLIENT, INVENTED = "127.0.0.2", "203.0.113.7"  # not the proxy's own address, which is trusted
PASSWORD = "a good password"
REFERER = {"Referer": f"https://{HOST}/sign-in/"}
pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.filterwarnings("ignore:Unverified HTTPS request"),
]


class NamedHost(HTTPAdapter):
    """Connects to 127.0.0.1 as a browser does to the site: its certificate is by name."""

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        kwargs |= {"server_hostname": HOST, "assert_hostname": False}
        super().init_poolmanager(*args, source_address=(CLIENT, 0), **kwargs)


@dataclass
class Proxy:
    http: int
    https: int
    is_nginx: bool

    def open_session(self) -> requests.Session:
        session = requests.Session()
        session.mount("https://", NamedHost())
        session.verify = session.trust_env = False
        session.headers["Host"] = HOST
        return session

    def ask(
        self, session: requests.Session, path: str, method: str = "get", **more: Any
    ) -> requests.Response:
        url = f"https://127.0.0.1:{self.https}{path}"
        return session.request(method, url, timeout=SOON, allow_redirects=False, **more)

    def send_head(self, length: int) -> ssl.SSLSocket:
        """Connect, and send the head of a form of so many bytes."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        plain = socket.create_connection(("127.0.0.1", self.https), timeout=SOON)
        connection = context.wrap_socket(plain, server_hostname=HOST)
        kind = "Content-Type: application/x-www-form-urlencoded\r\n"
        head = f"POST /sign-in/ HTTP/1.1\r\nHost: {HOST}\r\nContent-Length: {length}\r\n{kind}\r\n"
        connection.sendall(head.encode())
        return connection


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="module")
def production(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The web's settings as in production, with its static files collected."""
    settings = {
        "DEBUG": "0",
        "SECRET_KEY": "of production",
        "INSTALLATION_ID": "academy",
        "SITE_URL": f"https://{HOST}",
        "ALLOWED_HOSTS": HOST,
        "TRUSTED_PROXIES": "127.0.0.1",
        "DJANGO_SETTINGS_MODULE": "tests.lens.deploy.static_settings",
        "STATIC_FOLDER": str(tmp_path_factory.mktemp("static")),
        "WEB_CONCURRENCY": "1",
        "WATCH_LOOK_SECONDS": "1000",  # what it has logged stays in the cache, for other tests
        "WEB_THREADS": str(THREADS),
    }
    subprocess.run(
        [sys.executable, "manage.py", "collectstatic", "--noinput", "-v", "0"],
        cwd=ROOT,
        env=environment(**settings, DATABASE_URL="sqlite://:memory:"),
        check=True,
    )
    return settings


@pytest.fixture(params=["nginx", pytest.param("caddy", marks=pytest.mark.matrix)])
def proxy(
    request: pytest.FixtureRequest,
    tmp_path: Path,
    production: dict[str, str],
    transactional_db: None,
) -> Iterator[Proxy]:
    """The web process, and the proxy in front of it."""
    web, http, https = free_port(), free_port(), free_port()
    if request.param == "nginx":
        user = pwd.getpwuid(os.geteuid()).pw_name if os.geteuid() == 0 else ""
        command = prepare_nginx(tmp_path, web, http, https, user=user)
        subprocess.run([*command, "-t"], check=True)
    else:
        command = prepare_caddy(tmp_path, web, http, https)
    folders = {"XDG_DATA_HOME": str(tmp_path), "XDG_CONFIG_HOME": str(tmp_path)}
    settings = environment(**production, **folders, PORT=str(web))
    with ExitStack() as started, (tmp_path / "log").open("wb") as log:
        for each in (web_command(), command):
            process = subprocess.Popen(each, cwd=ROOT, env=settings, stdout=log, stderr=log)
            started.callback(process.wait)
            started.callback(process.terminate)
        made = Proxy(http, https, request.param == "nginx")
        wait_until(lambda: is_there(made), SOON, f"no answer: see {tmp_path / 'log'}")
        yield made


def is_there(proxy: Proxy) -> bool:
    try:
        return proxy.ask(proxy.open_session(), "/healthz").status_code == 200
    except requests.RequestException:
        return False


def test_people_sign_in_through_the_proxy_with_their_own_address_and_files_of_any_age(
    proxy: Proxy,
) -> None:
    plain = requests.get(
        f"http://127.0.0.1:{proxy.http}/", headers={"Host": HOST}, allow_redirects=False, timeout=9
    )
    assert plain.status_code in {301, 308}
    assert plain.headers["Location"].startswith(f"https://{HOST}")

    User.objects.create_user("ada@example.org", PASSWORD, name="Ada")
    session = proxy.open_session()
    session.headers["X-Forwarded-For"] = INVENTED
    session.headers["X-Forwarded-Proto"] = "http"
    assert proxy.ask(session, "/sign-in/").status_code == 200
    form = {
        "username": "ada@example.org",
        "password": PASSWORD,
        "csrfmiddlewaretoken": session.cookies["csrftoken"],
    }
    signed_in = proxy.ask(session, "/sign-in/", "post", data=form, headers=REFERER)
    assert signed_in.status_code == 302, signed_in.text
    page = proxy.ask(session, "/meetings/")
    assert page.status_code == 200
    assert "Ada" in page.text
    assert all(cookie.secure for cookie in session.cookies)
    assert UserSession.objects.get().ip == CLIENT

    style = re.findall(r'href="(/static/[^"]+\.css)"', page.text)[0]
    found = proxy.ask(session, style)
    assert found.status_code == 200
    assert "immutable" in found.headers["Cache-Control"]


def test_uploads_of_9_megabytes_arrive_larger_ones_do_not_and_slow_clients_hold_up_no_one(
    proxy: Proxy,
) -> None:
    session = proxy.open_session()
    proxy.ask(session, "/sign-in/")
    # Lens reads the whole body for the form's token. Without a Referer it would refuse at once and
    # close the connection, and Caddy, if it is still sending, would answer 502.
    large = proxy.ask(
        session, "/sign-in/", "post", files={"roster": b"x" * 9_000_000}, headers=REFERER
    )
    assert large.status_code == 403
    assert large.headers["X-Request-ID"], "it did not reach Lens"

    with ExitStack() as half_sent:
        for _ in range(2 * THREADS):
            half_sent.enter_context(proxy.send_head(90_000)).sendall(b"a=")
        for _ in range(2 * THREADS):
            assert proxy.ask(session, "/sign-in/").status_code == 200

    # Caddy has no answer of its own: it ends the upload after 10 MB, while Lens reads it.
    if proxy.is_nginx:
        with proxy.send_head(11_000_000) as connection:
            answer = connection.recv(10_000)
        assert answer.startswith(b"HTTP/1.1 413 ")
        assert b"X-Request-ID" not in answer
