# Lens in one image: web, worker, bot and commands. compose.yaml runs it; docs/operations.md explains.

FROM python:3.13.7-slim-trixie AS packages
RUN python -m venv /venv
COPY requirements.txt /
# Google's client brings the descriptions of 500 services, 110 MB; Lens reads one.
RUN /venv/bin/pip install --no-cache-dir --require-hashes --no-deps -r /requirements.txt \
    && find /venv -path "*/discovery_cache/documents/*" ! -name calendar.v3.json -delete

FROM python:3.13.7-slim-trixie
# pg_dump and pg_restore for backups, version 17: the server must not be newer.
RUN apt-get update \
    && apt-get install -y --no-install-recommends postgresql-client-17 \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --system --uid 10001 --no-create-home lens
ENV PATH=/venv/bin:$PATH PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 WEB_BIND=0.0.0.0:8000
WORKDIR /srv/lens
COPY --from=packages /venv /venv
COPY . .
# These values are for this one command, which needs some.
RUN SECRET_KEY=build INSTALLATION_ID=build DATABASE_URL=sqlite://:memory: \
    python manage.py collectstatic --noinput \
    && python -m compileall -q .
USER lens
EXPOSE 8000
# A container with another process asks for another answer: see compose.yaml.
HEALTHCHECK --interval=30s --timeout=15s --start-period=60s --retries=3 \
    CMD ["python", "-m", "lens.probe", "web"]
CMD ["gunicorn", "lens.wsgi"]
