from django.apps import AppConfig

# Imported for its effect: without it a ring from the web process would go to a default application
# with a broker that nobody runs.
from amonition import celery  # noqa: F401


class AmonitionConfig(AppConfig):
    name = "amonition"
    verbose_name = "Amonition"

    def ready(self) -> None:
        """Registers the deploy checks."""
        from amonition import checks  # noqa: PLC0415 - imports models, which are there only now

        checks.register_all()
