"""Requests, events, transfers and notes, for the person on call. Everything here is read-only."""

from webhooks.admin import deliveries, events, notes, transfers

__all__ = ("deliveries", "events", "notes", "transfers")
