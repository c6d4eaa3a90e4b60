# The engine and all that it needs, pinned by hash. It runs as nobody in particular on a root file system that may be read-only:
# state stands under /var/lib/livechat alone, and /tmp is scratch. The base pack and the example shop are inside; your own shop is
# mounted. From where packages come is the builder's own pip configuration, given as a secret:
#   docker build --secret id=pip,src=$HOME/.config/pip/pip.conf .
# `--build-arg EXTRA=otel` adds what traces need.

FROM python:3.11.13-slim-bookworm AS base

FROM base AS build
ARG EXTRA=
WORKDIR /src
ENV VENV=/opt/livechat UV_COMPILE_BYTECODE=1 UV_LINK_MODE=copy
COPY .ci/setup .ci/setup
COPY requirements.lock requirements-otel.lock requirements-uv.lock ./
RUN --mount=type=secret,id=pip,target=/etc/pip.conf --mount=type=cache,target=/root/.cache .ci/setup pinned
COPY pyproject.toml README.md LICENSE ./
COPY engine engine
COPY intents intents
COPY examples examples
COPY schemas schemas
# What built it does not travel with it.
RUN /opt/livechat/bin/python -m hatchling build -t wheel -d /dist \
 && export VIRTUAL_ENV=/opt/livechat \
 && /opt/livechat/bin/uv pip install --quiet --no-deps --offline --no-cache /dist/*.whl \
 && /opt/livechat/bin/uv pip uninstall --quiet editables hatchling pathspec pluggy trove-classifiers uv

FROM base
# Bytecode was written above; here nothing could be.
ENV PATH=/opt/livechat/bin:$PATH PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 \
    HOME=/tmp XDG_CACHE_HOME=/var/lib/livechat/cache \
    LIVECHAT_BUS__URL=sqlite:/var/lib/livechat/livechat.db \
    LIVECHAT_PUBLISHER__CACHE=/var/lib/livechat/models \
    LIVECHAT_GATEWAY__LISTEN=0.0.0.0:8700 \
    LIVECHAT_HTTP__LISTEN=0.0.0.0:8701 \
    LIVECHAT_LOG_FORMAT=json
RUN groupadd --system --gid 10001 livechat \
 && useradd --system --uid 10001 --gid livechat --no-create-home --home-dir /var/lib/livechat --shell /usr/sbin/nologin livechat \
 && install --directory --owner livechat --group livechat --mode 0750 /var/lib/livechat
COPY --from=build /opt/livechat /opt/livechat
COPY --chmod=0755 docker/entrypoint.sh /usr/local/bin/entrypoint
COPY --chmod=0755 docker/health.py /usr/local/bin/health
USER 10001:10001
WORKDIR /var/lib/livechat
VOLUME ["/var/lib/livechat"]
EXPOSE 8700 8701
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s --retries=3 \
    CMD ["health", "/healthz"]
ENTRYPOINT ["entrypoint"]
CMD ["serve"]
