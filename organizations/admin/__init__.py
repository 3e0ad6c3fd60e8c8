"""Organizations in the admin: pages of their own, since its lists know no composite keys."""
