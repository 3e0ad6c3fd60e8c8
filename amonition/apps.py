from django.apps import AppConfig

from amonition.celery import app


class AmonitionConfig(AppConfig):
    name = "amonition"
    verbose_name = "Amonition"

    def ready(self) -> None:
        """Registers the deploy checks, and makes our Celery application that of every thread."""
        from amonition import checks  # noqa: PLC0415 - imports models, which are there only now

        checks.register_all()
        # "Current" is a matter of the thread that made it: without this, a ring from one of
        # gunicorn's threads would go to a broker that nobody runs.
        app.set_default()
