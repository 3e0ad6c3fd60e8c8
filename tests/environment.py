"""The environment of a test run, set before Django's settings are read (loaded with `-p`).

Where DATABASE_URL and REDIS_URL are set, those servers are used, by one process (`-n 0`);
otherwise each process starts a throw-away pair.
"""

import os
from pathlib import Path

import hypothesis
from cryptography.fernet import Fernet

from amonition.embedded import throw_away

# What takes how long is the benchmarks' question; here it would fail on a busy machine only.
hypothesis.settings.register_profile("suite", deadline=None)
hypothesis.settings.load_profile("suite")

LOCAL_DIR = Path(__file__).resolve().parent.parent / ".local"

os.environ.update(
    DJANGO_SETTINGS_MODULE="amonition.settings",
    SECRET_KEY="not-a-secret-in-tests-but-long-enough-for-the-deploy-check-0123456789",
    ENCRYPTION_KEYS=Fernet.generate_key().decode(),
    BEHIND_TLS="0",
    DEBUG="0",
)
os.environ.pop("SHARD_DATABASE_URLS", None)  # shards lie beside the tests' own database
# A parallel run's workers inherit this environment, and each needs a Redis of its own.
STARTED_HERE = "TEST_SERVERS_ARE_THROW_AWAY"
given = os.environ.get("DATABASE_URL") and os.environ.get("REDIS_URL")
if not given or STARTED_HERE in os.environ:
    servers = throw_away(LOCAL_DIR)
    os.environ["DATABASE_URL"] = servers.database_url
    os.environ["REDIS_URL"] = servers.redis_url
    os.environ[STARTED_HERE] = "1"
