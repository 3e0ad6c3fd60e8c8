"""The demonstration's entry point, its exit codes and its length."""

import argparse
import logging.config
import os
import sys

from amonition.demo import journey, scene, stores
from amonition.demo.errors import DemoError
from amonition.demo.service import Service
from amonition.demo.showing import Screen
from amonition.demo.verdict import losses
from amonition.embedded import EmbeddedServerError, provide
from amonition.environment import text
from amonition.logs import logging_config
from amonition.supervising import StopAskedError, SupervisingError, Supervisor

SELLERS = 3000
LOST = 1
INTERRUPTED = 130  # what shells say of a program that Ctrl-C ended


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m amonition.demo", description=__doc__)
    parser.add_argument("--once", action="store_true", help="закончить после итога")
    parser.add_argument("--sellers", type=int, default=SELLERS, help="продавцов в снепшоте")
    given = parser.parse_args()
    if given.sellers < 1:
        parser.error("--sellers: целое число больше нуля")
    warnings_only = {"root": {"handlers": ["stderr"], "level": "WARNING"}}
    logging.config.dictConfig(logging_config(debug=True) | warnings_only)
    screen = Screen()
    try:
        return demonstrate(screen=screen, sellers=given.sellers, once=given.once)
    except StopAskedError:
        screen.complain("Прервано")
        return INTERRUPTED
    except (DemoError, SupervisingError, EmbeddedServerError) as error:
        screen.complain(str(error))
        return LOST


def demonstrate(*, screen: Screen, sellers: int, once: bool) -> int:
    """The exit code. Raises what `main` explains; by then everything started here has ended."""
    place = scene.prepare()
    with Supervisor(cwd=scene.CHECKOUT, logs=place.logs) as supervisor:
        with screen.step("PostgreSQL и Redis"):
            provide(os.environ, local_dir=scene.local_dir())
        with stores.fresh_database(text("DATABASE_URL")) as database_url:
            redis_url = stores.fresh_redis(text("REDIS_URL"))
            environ = scene.environment(place, database_url=database_url, redis_url=redis_url)
            service = Service(scene=place, environ=environ, supervisor=supervisor)
            password = journey.prepare(
                service=service, screen=screen, sellers=sellers, database_url=database_url
            )
            findings = journey.travel(
                service=service,
                screen=screen,
                scene=place,
                sellers=sellers,
                database_url=database_url,
                redis_url=redis_url,
            )
            screen.summary(findings)
            lost = list(losses(findings))
            if lost:
                screen.complain("Потеряно:", *lost, f"Журналы: {place.logs}")
                return LOST
            screen.addresses(place, password=password)
            if not once:
                screen.say("Ctrl-C завершает демонстрацию")
                supervisor.stay()
    return 0


if __name__ == "__main__":
    sys.exit(main())
