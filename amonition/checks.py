"""Deploy checks: what can be said about the environment before anything runs (docs/settings.md).

Errors would lose or leak something, or never work; warnings are right for tests and demos only.
`manage.py check --deploy --fail-level WARNING` runs them.
"""

from django.core.checks import Tags, register

from amonition import security_checks, timing_checks, webhook_checks

SECURITY = (
    security_checks.check_encryption_keys,
    security_checks.check_plain_http,
    security_checks.check_amocrm_credentials,
    security_checks.check_emulator,
    security_checks.check_short_secrets,
)
TIMING = (
    timing_checks.check_ladder,
    timing_checks.check_prepared_lease,
    timing_checks.check_settle_time,
    timing_checks.check_clock_scale,
    timing_checks.check_schedule,
    timing_checks.check_time_zone,
)
WEBHOOKS = (
    webhook_checks.check_account_id,
    webhook_checks.check_options,
    webhook_checks.check_event_lease,
)


def register_all() -> None:
    """Called once, when the apps are ready."""
    for check in SECURITY:
        register(check, Tags.security, deploy=True)
    for check in TIMING:
        register(check, "timing", deploy=True)
    for check in WEBHOOKS:
        register(check, "webhooks", deploy=True)
