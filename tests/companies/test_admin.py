"""The admin's pages of companies and sellers."""

import re

import pytest
from django.db import connection
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from companies.models import Company, Rejection, SellerSync
from operations.admin_base import EstimatingPaginator
from tests.statement_counter import counted

pytestmark = pytest.mark.django_db
COMPANIES = "/admin/companies/company/"


@pytest.fixture(autouse=True)
def mapped(db: None) -> None:
    Company.objects.bulk_create(
        [Company(seller_id=f"s{n}", company_id=str(1_000 + n)) for n in range(60)]
    )
    SellerSync.objects.bulk_create([SellerSync(seller_id=f"s{n}", state="k") for n in range(60)])


def _page(client: Client, path: str) -> str:
    answer = client.get(path)
    assert answer.status_code == 200
    return answer.content.decode()


@pytest.mark.parametrize(
    "search", ["s7", "1007", "https://shop.amocrm.ru/companies/detail/1007", " s7 "]
)
def test_company_is_found_by_either_id_or_a_pasted_link(admin_client: Client, search: str) -> None:
    page = _page(admin_client, f"{COMPANIES}?q={search}")
    assert "/companies/detail/1007" in page
    assert "/companies/detail/1008" not in page


def test_half_an_id_finds_nothing_instead_of_scanning(admin_client: Client) -> None:
    assert "/companies/detail/" not in _page(admin_client, f"{COMPANIES}?q=100")


def test_whole_table_is_never_counted(admin_client: Client) -> None:
    with counted() as counter:
        _page(admin_client, COMPANIES)
    counts = [sql for sql in counter.statements if "COUNT(" in sql and '"companies"' in sql]
    assert all("LIMIT" in sql for sql in counts)


def test_large_table_is_estimated(db: None) -> None:
    Company.objects.bulk_create(
        [Company(seller_id=f"t{n}", company_id=str(9_000 + n)) for n in range(1_500)]
    )
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE companies")
    assert EstimatingPaginator(Company.objects.order_by("pk"), 50).count == 1_560


def test_list_costs_the_same_however_many_rows_it_shows(
    admin_client: Client, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    with django_assert_max_num_queries(8):
        _page(admin_client, COMPANIES)


def test_company_is_read_only(admin_client: Client) -> None:
    assert admin_client.get(f"{COMPANIES}add/").status_code == 403
    assert "_save" not in _page(admin_client, f"{COMPANIES}s7/change/")


def test_rejections_are_grouped_by_error_and_sent_again_on_request(admin_client: Client) -> None:
    for n in range(3):
        Rejection.objects.create(
            seller_id=f"s{n}", what="update", code="TooLong", path="name", detail="Слишком длинно"
        )
    SellerSync.objects.filter(seller_id__in=["s0", "s1", "s2"]).update(refused=b"1")
    assert "продавцов 3" in _page(admin_client, "/admin/companies/rejection/")
    chosen = {"action": "retry", "_selected_action": ["s0", "s1"]}
    assert admin_client.post("/admin/companies/rejection/", chosen).status_code == 302
    assert list(Rejection.objects.values_list("seller_id", flat=True)) == ["s2"]
    assert SellerSync.objects.filter(refused__isnull=False).count() == 1


@pytest.mark.parametrize("model", ["company", "sellersync", "rejection"])
def test_only_what_has_an_index_is_offered_for_sorting(admin_client: Client, model: str) -> None:
    Rejection.objects.create(seller_id="s1", what="profile", code="c", path="p", detail="d")
    page = _page(admin_client, f"/admin/companies/{model}/")
    assert re.findall(r'class="[^"]*\bsortable\b[^"]*\bcolumn-(\w+)', page) == ["seller_id"]
