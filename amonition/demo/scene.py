"""Where the demonstration takes place: directories, ports, secrets, the children's environment."""

import base64
import json
import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from amonition import environment as env
from amonition import ports
from amonition.demo.errors import DemoError

CHECKOUT = Path(__file__).resolve().parents[2]
EMULATORS = ("amocrm", "sellers", "offers", "feeds", "snatcher", "directory")  # a port each
EMULATOR_PORTS = range(100, 1000, 10)  # after the web's: 8100 and on
WEB_PORTS = 50  # tried from PORT on
ACCOUNT_ID = 29_000_001  # of the emulated account, as its API tells it
PROFILE_URL_FIELD, PHONE_FIELD = "Ссылка на профиль", "Телефон для выгрузки"  # of its leads
ORGANIZATION = 1_000_000_001  # the emulated Directory's first one
STATUS_TOPIC = "sprav/altay/publishing-status-changes"
AMOCRM_RATE = 7  # requests in any second; the emulator refuses more
# Nothing else of our environment reaches the children: it may name a real account.
INHERITED = frozenset({"PATH", "HOME", "USER", "LOGNAME", "LANG", "TERM", "COLUMNS", "LINES",
                       "NO_COLOR", "COLORTERM", "TMPDIR", "TZ", "VIRTUAL_ENV"})  # fmt: skip
INHERITED_PREFIXES = ("LC_", "PG", "PYTHON")


@dataclass(frozen=True, slots=True)
class Scene:
    """`port`: of the web; `emulators`: the first of their ports."""

    directory: Path
    port: int
    emulators: int

    @property
    def web_url(self) -> str:
        return f"http://{ports.HOST}:{self.port}"

    @property
    def snapshot(self) -> Path:
        return self.directory / "snapshot"

    @property
    def logs(self) -> Path:
        return self.directory / "logs"

    def webhook_secret(self) -> str:
        """The one in the path that amoCRM is told."""
        return _secrets(self.directory / "secrets.json")["WEBHOOK_SECRETS"]

    def emulator_url(self, name: str) -> str:
        return f"http://{ports.HOST}:{self.emulators + EMULATORS.index(name)}"


def local_dir() -> Path:
    """As manage.py and the settings see it."""
    return Path(env.text("LOCAL_DIR", str(CHECKOUT / ".local"))).absolute()


def prepare() -> Scene:
    """Raises DemoError where no port is free."""
    wanted = env.integer("PORT", 8000, low=1, high=65535)
    port = ports.first_free(range(wanted, min(wanted + WEB_PORTS, 65536)))
    behind = [wanted + more for more in EMULATOR_PORTS if wanted + more + len(EMULATORS) <= 65536]
    emulators = ports.first_free(behind, count=len(EMULATORS))
    if port is None or emulators is None:
        raise DemoError(f"Нет свободных портов после {wanted}: задайте PORT")
    directory = local_dir() / "demo"
    directory.mkdir(parents=True, exist_ok=True)
    return Scene(directory, port, emulators)


def environment(scene: Scene, *, database_url: str, redis_url: str) -> dict[str, str]:
    """The whole environment of every child."""
    inherited = {
        name: value
        for name, value in os.environ.items()
        if name in INHERITED or name.startswith(INHERITED_PREFIXES)
    }
    return {
        **inherited,
        **_secrets(scene.directory / "secrets.json"),
        **_services(scene),
        "DATABASE_URL": database_url,
        "REDIS_URL": redis_url,
        "PORT": str(scene.port),
        "LOCAL_DIR": str(scene.directory),
        "WAREHOUSE_URL": f"duckdb://{quote(str(scene.snapshot))}",
        "AMOCRM_ACCESS_TOKEN": "emulator-token",
        "AMOCRM_RATE": str(AMOCRM_RATE),
        "AMOCRM_ACCOUNT_ID": str(ACCOUNT_ID),
        "AMOCRM_LEAD_PROFILE_URL_FIELD": PROFILE_URL_FIELD,
        "AMOCRM_LEAD_PHONE_FIELD": PHONE_FIELD,
        "PUBLIC_URL": scene.web_url,
        "STATUS_TOPIC": STATUS_TOPIC,
        "WEBHOOK_REFRESH_GAP": "1",  # nobody wants to watch us wait
        "DEBUG": "0",
        "BEHIND_TLS": "0",
    }


def _services(scene: Scene) -> Mapping[str, str]:
    urls = {f"{name.upper()}_URL": scene.emulator_url(name) for name in EMULATORS}
    tokens = {f"{name.upper()}_TOKEN": "demo-token" for name in EMULATORS if name != "amocrm"}
    return urls | tokens


def _secrets(path: Path) -> dict[str, str]:
    """Made once, so that a login outlives a restart of the demonstration's web."""
    if path.exists():
        kept: dict[str, str] = json.loads(path.read_text(encoding="utf-8"))
        return kept
    made = {
        "SECRET_KEY": secrets.token_urlsafe(48),
        "ENCRYPTION_KEYS": base64.urlsafe_b64encode(secrets.token_bytes(32)).decode(),
        "WEBHOOK_SECRETS": secrets.token_urlsafe(24),
    }
    path.touch(mode=0o600, exist_ok=False)
    path.write_text(json.dumps(made), encoding="utf-8")
    return made
