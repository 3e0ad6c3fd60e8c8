"""The environment of a test run, set before Django's settings are read (loaded with `-p`).

Where DATABASE_URL or REDIS_URL is set, that server is used; otherwise a throw-away pair is started.
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
if not (os.environ.get("DATABASE_URL") and os.environ.get("REDIS_URL")):
    SERVERS = throw_away(LOCAL_DIR)
    os.environ.setdefault("DATABASE_URL", SERVERS.database_url)
    os.environ.setdefault("REDIS_URL", SERVERS.redis_url)
