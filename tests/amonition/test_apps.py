from django.conf import settings

from tests.processes import python

RING_FROM_A_THREAD = """
from concurrent.futures import ThreadPoolExecutor
import amonition.wsgi
from celery import current_app
with ThreadPoolExecutor(1) as thread:
    print(thread.submit(lambda: current_app.conf.broker_url).result())
"""


def test_threads_of_the_web_process_ring_at_our_broker() -> None:
    finished = python("-c", RING_FROM_A_THREAD)
    assert finished.stdout.strip() == settings.CELERY_BROKER_URL, finished.stderr
