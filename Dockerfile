# The daemon in a container: `docker compose up -d`, with config, key file and database in ./data.
FROM python:3.12-slim AS build
WORKDIR /src
COPY pyproject.toml README.md LICENSE ./
COPY connector connector
COPY adapters adapters
RUN pip install --no-cache-dir --prefix=/install .

FROM python:3.12-slim
COPY --from=build /install /usr/local
RUN useradd --uid 10001 --no-create-home --home-dir /data stammkunde
USER stammkunde
WORKDIR /data
VOLUME /data
ENV PYTHONUNBUFFERED=1
HEALTHCHECK --interval=60s --timeout=5s --start-period=30s \
    CMD ["python", "-c", "from urllib.request import urlopen; urlopen('http://127.0.0.1:8484/healthz', timeout=4)"]
ENTRYPOINT ["stammkunde"]
CMD ["daemon"]
