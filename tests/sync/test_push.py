"""Whole pushes into an emulated amoCRM, judged by its own audit."""

import pytest

from companies.models import Company, Rejection, SellerSync
from operations.models import Alert, Run
from sync import watching
from tests.world import World, offer, seller


def test_first_push_creates_and_second_changes_nothing(world: World) -> None:
    world.sellers(1_200)
    first = world.push()
    assert (first.state, first.created, first.queried) == (Run.State.DONE, 1_200, 1_200)
    before = world.audit()["requests"]
    second = world.push()
    assert (second.state, second.created, second.updated) == (Run.State.DONE, 0, 0)
    assert second.unchanged == 1_200
    after = world.audit()
    assert after["requests"] == before
    assert after["companies"] == after["sellers"] == Company.objects.count() == 1_200


def test_changed_sellers_are_updated_in_full_writes(world: World) -> None:
    world.sellers(1_000)
    world.push()
    changed = [seller(n, name="Новое имя" if n % 4 == 0 else f"Магазин {n}") for n in range(1_000)]
    world.snapshot(changed, [offer(n) for n in range(1_000)])
    run = world.push()
    assert (run.updated, run.unchanged, run.created) == (250, 750, 0)
    assert world.audit()["requests"]["PATCH /api/v4/companies"] == 1
    assert world.company("s00004")["name"] == "Новое имя"
    assert world.push().updated == 0


def test_every_row_of_the_table_arrives_in_amocrm(world: World) -> None:
    world.snapshot(
        [seller(1, phone="8 (900) 123-45-67", email="Shop@Example.COM")],
        [
            offer(1, status="active", source="feed", condition="new", category="Шины"),
            offer(1, status="banned", source="form", condition="used", category="Диски"),
        ],
    )
    assert world.push().state == Run.State.DONE
    fields = world.company("s00001")["fields"]
    assert fields["AMONITION_SELLER_ID"] == "s00001"
    assert fields["PHONE"] == [["+79001234567", "WORK"]]
    assert fields["EMAIL"] == [["shop@example.com", "WORK"]]
    assert fields["ADDRESS"] == "Москва, Тверская, 1"
    assert fields["AMONITION_OFFERS_TOTAL"] == 2
    assert fields["AMONITION_OFFERS_ACTIVE"] == 1
    assert fields["AMONITION_OFFERS_BANNED"] == 1
    assert fields["AMONITION_CATEGORIES"] == ["Диски", "Шины"]
    for code in ("AUTOLOAD", "FORM", "USED", "NEW"):
        assert fields[f"AMONITION_{code}"] is True


def test_new_status_and_category_get_their_field_and_value_by_the_run_itself(world: World) -> None:
    world.sellers(3)
    world.push()
    world.snapshot([seller(1)], [offer(1, status="на проверке", category="Мотоциклы")])
    run = world.push(limited_to=1)
    assert run.state == Run.State.DONE
    fields = world.company("s00001")["fields"]
    assert fields["AMONITION_CATEGORIES"] == ["Мотоциклы"]
    assert [values for code, values in fields.items() if "OFFERS_" in code].count(1) == 2


def test_emptied_values_are_cleared(world: World) -> None:
    world.sellers(1)
    world.push()
    world.snapshot([seller(0, phone=None, email="", sale_address=None, name=None)], [offer(0)])
    assert world.push().updated == 1
    company = world.company("s00000")
    assert company["name"] == "Продавец s00000"
    assert not {"PHONE", "EMAIL", "ADDRESS"} & {
        code for code, values in company["fields"].items() if values
    }


def test_limit_takes_the_first_sellers_only(world: World) -> None:
    world.sellers(30)
    run = world.push(limited_to=7)
    assert (run.created, run.queried) == (7, 7)


def test_only_the_named_sellers_are_pushed(world: World) -> None:
    world.sellers(30)
    run = world.push(only=("s00011", "s00029", "nobody"))
    assert run.created == 2
    assert set(Company.objects.values_list("seller_id", flat=True)) == {"s00011", "s00029"}


def test_full_push_sends_everybody_again_once(world: World) -> None:
    world.sellers(10)
    world.push()
    assert world.push(full=True).updated == 10


def test_poisoned_rows_cost_only_themselves(world: World) -> None:
    sellers = [seller(n) for n in range(20)]
    sellers[3] = seller(3, name="нулевой\x00байт")
    sellers[4] = seller(4, name="я" * 1_000_000)
    sellers[5] = seller(5, sale_address="ж" * 300)  # refused by amoCRM, not by us
    sellers[6] = seller(6, phone="звоните вечером")
    world.snapshot(sellers, [offer(n) for n in range(20)])
    run = world.push()
    assert (run.state, run.created, run.rejected, run.odd_phones) == (Run.State.DONE, 18, 2, 1)
    codes = dict(Rejection.objects.values_list("seller_id", "code"))
    assert codes == {"s00003": "NulByte", "s00004": "TooLong"}
    assert world.company("s00006")["fields"]["PHONE"] == [["звоните вечером", "WORK"]]


def test_company_refused_by_amocrm_costs_only_itself_and_is_not_tried_again(world: World) -> None:
    world.amocrm.settings(text_limit=50)
    sellers = [seller(n) for n in range(20)]
    sellers[5] = seller(5, name="ж" * 60)
    world.snapshot(sellers, [offer(n) for n in range(20)])
    run = world.push()
    assert (run.created, run.rejected) == (19, 1)
    assert Rejection.objects.get().path == "name"
    before = world.audit()["requests"]["POST /api/v4/companies"]
    again = world.push()
    assert (again.created, again.rejected) == (0, 1)
    assert world.audit()["requests"]["POST /api/v4/companies"] == before
    sellers[5] = seller(5, name="короче")
    world.snapshot(sellers, [offer(n) for n in range(20)])
    assert world.push().created == 1
    assert not Rejection.objects.exists()


def test_seller_without_phone_and_email_is_exported(world: World) -> None:
    world.sellers(1, phone=None, email=None)
    assert world.push().created == 1


def test_duplicate_and_empty_seller_ids_are_counted_and_exported_once(world: World) -> None:
    world.snapshot([seller(1), seller(1), seller(2, seller_id="")], [offer(1)])
    run = world.push()
    assert run.created == 1
    assert run.notes["duplicate_sellers"] == 1
    assert run.notes["sellers_without_id"] == 1


@pytest.mark.parametrize("away", ["503", "reset", "partial"])
def test_portion_waits_while_the_feeds_service_is_away(world: World, away: str) -> None:
    world.sellers(5)
    world.feeds.settings(away=True, away_kind=away)
    run = world.push()
    assert (run.state, run.created) == (Run.State.WRITING, 0)
    world.feeds.settings(away=False)
    assert world.settle(run).created == 5


def test_company_deleted_in_amocrm_is_marked_gone_and_not_created_again(world: World) -> None:
    world.sellers(3)
    world.push()
    world.amocrm.delete(f"companies/{world.company('s00001')['id']}")
    world.sellers(3, name="Другое имя")
    run = world.push()
    assert (run.state, run.updated, run.postponed) == (Run.State.DONE, 2, 1)
    assert SellerSync.objects.get(seller_id="s00001").state == SellerSync.State.GONE
    assert Company.objects.filter(seller_id="s00001").exists()
    assert world.audit()["companies"] == 2
    assert world.push().updated == 0


def test_companies_deleted_by_the_hundred_cost_one_look(world: World) -> None:
    world.sellers(300)
    world.push()
    for company in world.amocrm.get("audit/companies?limit=300")["companies"][:200]:
        world.amocrm.delete(f"companies/{company['id']}")
    world.sellers(300, name="Другое имя")
    run = world.push()
    assert (run.state, run.updated, run.postponed) == (Run.State.DONE, 100, 200)
    assert "GET /api/v4/companies/{id:int}" not in world.audit()["requests"]


def test_failed_run_raises_an_alert_and_frees_its_snapshot(world: World) -> None:
    world.sellers(3)
    world.amocrm.settings(is_admin=False)
    run = world.push()
    assert run.state in {Run.State.PREPARING, Run.State.FAILED}
    watching.watch()
    run.refresh_from_db()
    assert (run.state, run.snapshot) == (Run.State.FAILED, "")
    assert Alert.objects.get(recovered_at=None).kind == Alert.Kind.PUSH_FAILED
    world.amocrm.settings(is_admin=True)
    assert world.push().created == 3
    assert not Alert.objects.filter(recovered_at=None).exists()


def test_field_deleted_in_amocrm_comes_back_and_everything_is_sent_once_more(world: World) -> None:
    world.sellers(3)
    world.push()
    world.amocrm.delete("custom_fields/AMONITION_AUTOLOAD")
    world.sellers(3, name="Другое имя")
    assert world.push().updated == 3
    assert world.company("s00001")["fields"]["AMONITION_AUTOLOAD"] is True
    assert world.push().updated == 3
    assert world.push().updated == 0
