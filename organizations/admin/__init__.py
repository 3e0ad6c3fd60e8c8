"""Organizations in the admin: pages of their own, since its lists know no composite keys, and tokens."""

from organizations.admin import tokens

__all__ = ("tokens",)
