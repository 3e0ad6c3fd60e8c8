"""Requests, events, transfers, notes and subscriptions, for the person on call. Everything here is read-only."""

from webhooks.admin import deliveries, events, notes, subscriptions, transfers

__all__ = ("deliveries", "events", "notes", "subscriptions", "transfers")
