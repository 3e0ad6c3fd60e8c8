"""Which database a model's rows are in. Whatever is not sharded is none of this router's business."""

from typing import Any

from django.conf import settings
from django.db.models import Model

from ads import shards

SHARDED_APPS = frozenset({"ads", "organizations"})
# The directory of the shards cannot lie on one of them, what comes for all of them is written down
# before it is known which of them are there, and a token is good for clients of several. By name:
# migrations know no classes.
UNSHARDED_MODELS = frozenset(
    {
        ("ads", "client"),
        ("organizations", "apitoken"),
        ("organizations", "statusevent"),
        ("organizations", "statusdeadletter"),
        ("organizations", "statustopic"),
        ("organizations", "apitoken"),
    }
)


def is_sharded(app_label: str, model_name: str | None) -> bool:
    """`model_name` in lower case, as `Meta.model_name` is; None: the app's rule."""
    return app_label in SHARDED_APPS and (app_label, model_name) not in UNSHARDED_MODELS


class ShardRouter:
    """Fails closed: without a shard, and for a row that came from another one."""

    def db_for_read(self, model: type[Model], **hints: Any) -> str | None:
        return _database(model, hints.get("instance"))

    def db_for_write(self, model: type[Model], **hints: Any) -> str | None:
        return _database(model, hints.get("instance"))

    def allow_relation(self, one: Model, other: Model, **_hints: Any) -> bool | None:
        """Rows of one shard, or None for what is not sharded."""
        if not (_has_shard(one) or _has_shard(other)):
            return None
        return _has_shard(one) and _has_shard(other) and one._state.db == other._state.db

    def allow_migrate(
        self, db: str, app_label: str, model_name: str | None = None, **_hints: Any
    ) -> bool:
        """Sharded tables on shards, all others in the default database."""
        return is_sharded(app_label, model_name) == (db in settings.SHARDS.values())


def _database(model: type[Model], instance: Model | None) -> str | None:
    if not is_sharded(model._meta.app_label, model._meta.model_name):
        return None
    alias = shards.current_alias()
    came_from = instance._state.db if instance is not None else None
    if came_from not in {None, alias}:
        raise shards.ShardError(f"{instance!r} is of {came_from}, and the current one is {alias}")
    return alias


def _has_shard(row: Model) -> bool:
    return is_sharded(row._meta.app_label, row._meta.model_name)
