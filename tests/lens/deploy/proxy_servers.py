"""nginx and Caddy with the files of docs/deploy: only ports, certificates and folders differ."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.programs import find_deploy_program
from tests.support.processes import ROOT

DEPLOY = ROOT / "docs" / "deploy"
HOST = "lens.example.org"
NGINX = """
daemon off;
pid {folder}/nginx.pid;
error_log stderr;
{user}
events {{}}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    {site}
}}
"""
CADDY = """
{{
    admin off
    local_certs
    skip_install_trust
    http_port {http}
    https_port {https}
}}
{site}
"""
# Since 2.7 Caddy has other names for buffering; the comment in the file names both.
CADDY_BUFFERS = re.compile(r"three lines in place of the two: (.+)")


def find_program(name: str) -> str:
    found = find_deploy_program(name)
    if not found:
        pytest.skip(f"{name} is not there: python -m tests.programs deploy")
    return str(found)


def prepare_nginx(folder: Path, web: int, http: int, https: int, *, user: str) -> list[str]:
    """Write its files and return its command. `user`: of its workers, if root starts it."""
    key, certificate = folder / "privkey.pem", folder / "fullchain.pem"
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"),
            *("-subj", f"/CN={HOST}", "-keyout", str(key), "-out", str(certificate)),
        ],
        check=True,
        capture_output=True,
    )
    changes = {
        "listen 80;": f"listen 127.0.0.1:{http};",
        "listen 443 ssl;": f"listen 127.0.0.1:{https} ssl;",
        f"/etc/letsencrypt/live/{HOST}": str(folder),
        "127.0.0.1:8000": f"127.0.0.1:{web}",
    }
    site = change((DEPLOY / "nginx.conf").read_text(encoding="utf-8"), changes)
    text = NGINX.format(folder=folder, site=site, user=f"user {user};" if user else "")
    (folder / "nginx.conf").write_text(text, encoding="utf-8")
    return [find_program("nginx"), "-e", "stderr", "-c", str(folder / "nginx.conf")]


def prepare_caddy(folder: Path, web: int, http: int, https: int) -> list[str]:
    """Write its file and return its command; its certificates are in XDG_DATA_HOME."""
    caddy = find_program("caddy")
    site = (DEPLOY / "Caddyfile").read_text(encoding="utf-8")
    site = change(site, {"127.0.0.1:8000": f"127.0.0.1:{web}"})
    version = subprocess.run([caddy, "version"], check=True, capture_output=True, text=True).stdout
    if re.match(r"v?2\.[0-6]\.", version):
        [lines] = CADDY_BUFFERS.findall(site)
        old = {"request_buffers 10MB": "", "response_buffers 10MB": lines.replace(", ", "\n")}
        site = change(site, old)
    text = CADDY.format(http=http, https=https, site=site)
    (folder / "Caddyfile").write_text(text, encoding="utf-8")
    return [caddy, "run", "--adapter", "caddyfile", "--config", str(folder / "Caddyfile")]


def change(text: str, changes: Mapping[str, str]) -> str:
    """Replace each, which must be there."""
    for old, new in changes.items():
        assert old in text, old
        text = text.replace(old, new)
    return text
