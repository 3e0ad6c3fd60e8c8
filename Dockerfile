# One image for every process: web, workers, beat, and the emulators of the demo profile.
# Checked by reading and by tests of docker-compose.yml, not built: there was no engine at hand.

FROM python:3.11-slim AS environment
COPY requirements.txt .
# Hashes make the lock binding; wheels only, so that no package's build script runs here.
RUN python -m venv /environment \
 && /environment/bin/pip install --no-cache-dir --only-binary=:all: --require-hashes \
        -r requirements.txt

FROM python:3.11-slim
RUN useradd --uid 10001 --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin amonition \
 && install --directory --owner=amonition --group=amonition /var/lib/amonition /warehouse
COPY --from=environment /environment /environment
WORKDIR /srv/amonition
COPY . .
ENV PATH=/environment/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    LOCAL_DIR=/var/lib/amonition \
    WEB_CONCURRENCY=2
RUN python -m compileall -q .
# By number: Kubernetes' runAsNonRoot cannot look a name up.
USER 10001:10001
EXPOSE 8000
# Threads, since a request waits for PostgreSQL rather than computes. No access log: webhooks carry
# their secret in the path. Heartbeats in memory: a slow disk must not look like a dead worker.
CMD ["gunicorn", "amonition.wsgi", "--bind=0.0.0.0:8000", "--threads=4", "--timeout=60", \
     "--graceful-timeout=30", "--worker-tmp-dir=/dev/shm", "--no-control-socket"]
