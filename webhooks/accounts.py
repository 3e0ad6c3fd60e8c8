"""Is it our account that speaks? Asked of every body: who knows the secret may still be another account."""

from urllib.parse import urlsplit

from django.conf import settings

from webhooks.events import Account


def refusal(account: Account) -> str:
    """Why the body is not for us; empty where it is. Fails closed where nothing can be compared."""
    expected = settings.AMOCRM_ACCOUNT_ID
    if account.account_id is not None and expected:
        if account.account_id == expected:
            return ""
        return f"Чужой аккаунт: ID {account.account_id}, а AMOCRM_ACCOUNT_ID={expected}"
    host = urlsplit(settings.AMOCRM_URL).hostname or ""
    if account.subdomain and account.subdomain.lower() == host.partition(".")[0]:
        return ""
    if not expected and account.account_id is not None:
        return "Аккаунт не с чем сравнить: задайте AMOCRM_ACCOUNT_ID"
    return f"Чужой аккаунт: {account.subdomain or 'не назван'}, а мы работаем с {host}"
