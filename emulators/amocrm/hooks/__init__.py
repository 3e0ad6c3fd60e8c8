"""Webhooks: which change is told to whom, in what shape, and how stubbornly."""
