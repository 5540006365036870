# syntax=docker/dockerfile:1
# Webcare: all of it in one process (`up`), or one service of it (`serve`). Build: docker build -t webcare:0.1.0 .

# 1. The page.
FROM node:22.14.0-bookworm-slim AS page
WORKDIR /source/services/api/dashboard
COPY services/api/dashboard/package.json services/api/dashboard/package-lock.json services/api/dashboard/.npmrc ./
RUN npm ci
COPY contracts/reasons.json /source/contracts/reasons.json
COPY services/api/dashboard/ ./
RUN npm run build

# 2. The program with exactly the locked dependencies.
FROM python:3.11.13-slim-bookworm AS program
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
RUN python -m venv /opt/webcare
WORKDIR /source
COPY requirements.lock ./
# No compiler: every dependency has a wheel, but Faust's on ARM, whose source then builds itself without its C parts.
RUN /opt/webcare/bin/python -m pip install --require-hashes -r requirements.lock
COPY pyproject.toml README.md LICENSE ./
COPY contracts/ contracts/
COPY backbone/ backbone/
COPY services/ services/
COPY webcare/ webcare/
COPY --from=page /source/services/api/dashboard/dist/ services/api/dashboard/dist/
RUN /opt/webcare/bin/python -m pip install --no-deps --no-build-isolation .

# 3. What runs.
FROM python:3.11.13-slim-bookworm
LABEL org.opencontainers.image.title="webcare" \
      org.opencontainers.image.description="Every mention in, the right person woken." \
      org.opencontainers.image.licenses="Apache-2.0"
RUN groupadd --system --gid 10001 webcare \
 && useradd --system --uid 10001 --gid 10001 --home-dir /var/lib/webcare --shell /usr/sbin/nologin webcare \
 && install -d -o 10001 -g 10001 -m 0700 /var/lib/webcare \
 && install -d -o 10001 -g 10001 -m 0755 /run/webcare /etc/webcare
COPY --from=program /opt/webcare /opt/webcare
ENV PATH=/opt/webcare/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    WEBCARE_HOST=0.0.0.0 \
    WEBCARE_PORT=8080 \
    WEBCARE_DATA=/var/lib/webcare
USER 10001:10001
WORKDIR /var/lib/webcare
VOLUME /var/lib/webcare
EXPOSE 8080
STOPSIGNAL SIGTERM
# By the variable: whoever says `--port` in place of WEBCARE_PORT gives a health check of their own.
HEALTHCHECK --interval=15s --timeout=3s --start-period=60s --retries=3 \
  CMD ["python", "-c", "import os, urllib.request; urllib.request.urlopen('http://127.0.0.1:' + os.environ['WEBCARE_PORT'] + '/health', timeout=2)"]
ENTRYPOINT ["webcare"]
CMD ["up"]
