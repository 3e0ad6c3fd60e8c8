"""The admin's pages of the control plane."""

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client

from operations.models import Alert, AuditEntry, Run, Switch

pytestmark = pytest.mark.django_db
RUNS = "/admin/operations/run/"


@pytest.fixture
def run(db: None) -> Run:
    return Run.objects.create(kind="companies", trigger=Run.Trigger.COMMAND, reason="Снепшот пуст")


@pytest.fixture
def viewer(db: None) -> Client:
    """Somebody who may look at runs and press nothing."""
    user = User.objects.create_user("boris", is_staff=True)
    user.user_permissions.add(Permission.objects.get(codename="view_run"))
    client = Client()
    client.force_login(user)
    return client


@pytest.mark.parametrize(
    "path",
    [
        "/admin/",
        RUNS,
        "/admin/operations/switch/",
        "/admin/operations/alert/",
        "/admin/operations/auditentry/",
        "/admin/operations/lease/",
        "/admin/django_celery_beat/periodictask/",
        "/admin/django_celery_beat/periodictask/add/",
    ],
)
def test_page_opens(admin_client: Client, run: Run, path: str) -> None:
    Alert.objects.create(kind=Alert.Kind.PUSH_FAILED, text="Запуск 1")
    assert admin_client.get(path).status_code == 200


def test_run_shows_its_state_and_reason(admin_client: Client, run: Run) -> None:
    assert "Снепшот пуст" in admin_client.get(RUNS).content.decode()
    assert admin_client.get(f"{RUNS}{run.pk}/change/").status_code == 200


def test_operator_stops_a_run_and_the_journal_has_it(admin_client: Client, run: Run) -> None:
    admin_client.post(RUNS, {"action": "stop_runs", "_selected_action": [str(run.pk)]})
    run.refresh_from_db()
    assert run.state == Run.State.STOPPED
    assert AuditEntry.objects.get().who == "admin"


def test_viewer_has_no_buttons(viewer: Client, run: Run) -> None:
    viewer.post(RUNS, {"action": "stop_runs", "_selected_action": [str(run.pk)]})
    run.refresh_from_db()
    assert run.state == Run.State.PREPARING


def test_switch_is_turned_through_the_service(admin_client: Client) -> None:
    given = {"key": Switch.Key.PUSH_PAUSED, "on": "on", "reason": "работы"}
    admin_client.post("/admin/operations/switch/add/", given)
    assert Switch.objects.get().changed_by == "admin"
    assert AuditEntry.objects.get().action == "switch_on"
