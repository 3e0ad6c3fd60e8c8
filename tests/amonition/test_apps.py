from concurrent.futures import ThreadPoolExecutor

from celery import current_app
from django.conf import settings


def broker_url() -> str:
    return str(current_app.conf.broker_url)


def test_every_thread_rings_at_our_broker() -> None:
    with ThreadPoolExecutor(1) as another_thread:
        assert another_thread.submit(broker_url).result() == settings.CELERY_BROKER_URL
