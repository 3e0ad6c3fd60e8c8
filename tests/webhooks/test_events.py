"""The bodies of amoCRM's contract, 5.4, as it sends them, and what they tell."""

from typing import Any
from urllib.parse import quote_plus

import pytest

from webhooks.cards import CardField, fields_of, find_field, old_status_of, status_of
from webhooks.events import Account, Event, Hook, read
from webhooks.parsing import parse

P1_COMPANY_UPDATE = """
contacts[update][0][id]=7000001
contacts[update][0][name]=ООО «Ромашка»
contacts[update][0][responsible_user_id]=6100001
contacts[update][0][date_create]=1608138130
contacts[update][0][last_modified]=1642684812
contacts[update][0][created_user_id]=6500001
contacts[update][0][modified_user_id]=6500001
contacts[update][0][custom_fields][0][id]=293001
contacts[update][0][custom_fields][0][name]=Тип компании
contacts[update][0][custom_fields][0][values][0][value]=Дилер
contacts[update][0][custom_fields][0][values][0][enum]=395001
contacts[update][0][custom_fields][1][id]=293002
contacts[update][0][custom_fields][1][name]=ID
contacts[update][0][custom_fields][1][values][0][value]=23144
contacts[update][0][custom_fields][2][id]=293003
contacts[update][0][custom_fields][2][name]=Дата регистрации
contacts[update][0][custom_fields][2][values][0]=1471813200
contacts[update][0][custom_fields][3][id]=293004
contacts[update][0][custom_fields][3][name]=Объявлений всего
contacts[update][0][custom_fields][3][values][0][value]=0
contacts[update][0][created_at]=1608138130
contacts[update][0][updated_at]=1642684812
contacts[update][0][type]=company
account[subdomain]=example
account[id]=29000001
account[_links][self]=https://example.amocrm.ru
"""
# P2, to the letter.
P2_COMPANY_ADD = (
    b"contacts%5Badd%5D%5B0%5D%5Bid%5D=1110&contacts%5Badd%5D%5B0%5D%5Bname%5D=dsf"
    b"&contacts%5Badd%5D%5B0%5D%5Bresponsible_user_id%5D=102525"
    b"&contacts%5Badd%5D%5B0%5D%5Bdate_create%5D=1456824655"
    b"&contacts%5Badd%5D%5B0%5D%5Blast_modified%5D=1456824655"
    b"&contacts%5Badd%5D%5B0%5D%5Bcreated_user_id%5D=102525"
    b"&contacts%5Badd%5D%5B0%5D%5Bmodified_user_id%5D=102525"
    b"&contacts%5Badd%5D%5B0%5D%5Btype%5D=company&account%5Bsubdomain%5D=example"
)
P3_COMPANY_DELETE = """
contacts[delete][0][id]=52379505
contacts[delete][0][type]=company
account[subdomain]=test
"""
P4_COMPANY_RESPONSIBLE = """
contacts[update][0][id]=7000002
contacts[update][0][name]=Company name not specified
contacts[update][0][responsible_user_id]=11940747
contacts[update][0][old_responsible_user_id]=11087123
contacts[update][0][date_create]=1726576533
contacts[update][0][last_modified]=1726576988
contacts[update][0][created_user_id]=11087123
contacts[update][0][modified_user_id]=11087123
contacts[update][0][account_id]=29000002
contacts[update][0][custom_fields][0][id]=771906
contacts[update][0][custom_fields][0][name]=Phone
contacts[update][0][custom_fields][0][values][0][value]=1234567890
contacts[update][0][custom_fields][0][values][0][enum]=552476
contacts[update][0][custom_fields][0][code]=PHONE
contacts[update][0][custom_fields][1][id]=771908
contacts[update][0][custom_fields][1][name]=Email
contacts[update][0][custom_fields][1][values][0][enum]=552488
contacts[update][0][custom_fields][1][code]=EMAIL
contacts[update][0][linked_leads_id][15319601][ID]=15319601
contacts[update][0][created_at]=1726576533
contacts[update][0][updated_at]=1726576988
contacts[update][0][type]=company
account[subdomain]=example
account[id]=29000002
"""
P5_LEAD_STATUS = """
leads[status][0][id]=8000002
leads[status][0][status_id]=142
leads[status][0][old_status_id]=20067736
leads[status][0][price]=22500
leads[status][0][responsible_user_id]=2079676
leads[status][0][last_modified]=1539782664
leads[status][0][modified_user_id]=2079718
leads[status][0][created_user_id]=2076025
leads[status][0][date_create]=1539782209
leads[status][0][pipeline_id]=9217056
leads[status][0][account_id]=29000003
leads[status][0][tags][0][id]=80147
leads[status][0][tags][0][name]=повторное обращение
leads[status][0][custom_fields][0][id]=66339
leads[status][0][custom_fields][0][name]=Источник
leads[status][0][custom_fields][0][values][0][value]=Сайт
leads[status][0][custom_fields][0][values][0][enum]=139517
leads[status][0][custom_fields][2][id]=72333
leads[status][0][custom_fields][2][name]=Дата проведения
leads[status][0][custom_fields][2][values][0]=1542067200
leads[status][0][custom_fields][3][id]=497267
leads[status][0][custom_fields][3][values][0][value]=1
account[subdomain]=example
"""
P6_LEAD_RESPONSIBLE = """
leads[responsible][0][id]=8000004
leads[responsible][0][name]=Some test lead
leads[responsible][0][status_id]=10216994
leads[responsible][0][price]=10000
leads[responsible][0][responsible_user_id]=938348
leads[responsible][0][last_modified]=1456822527
leads[responsible][0][modified_user_id]=102525
leads[responsible][0][created_user_id]=102525
leads[responsible][0][date_create]=1456808154
leads[responsible][0][pipeline_id]=2116
leads[responsible][0][account_id]=10216991
leads[responsible][0][custom_fields][0][id]=1119321
leads[responsible][0][custom_fields][0][name]=Some text field
leads[responsible][0][custom_fields][0][values][0][value]=some text
leads[responsible][0][old_responsible_user_id]=102525
account[subdomain]=example
"""
P7_CONTACT_UPDATE = """
contacts[update][0][id]=7000003
contacts[update][0][name]=Иван
contacts[update][0][responsible_user_id]=2079718
contacts[update][0][date_create]=1529344388
contacts[update][0][last_modified]=1538066975
contacts[update][0][modified_user_id]=2079718
contacts[update][0][company_name]=Ромашка
contacts[update][0][linked_company_id]=7000004
contacts[update][0][custom_fields][0][id]=54667
contacts[update][0][custom_fields][0][name]=Телефон
contacts[update][0][custom_fields][0][values][0][value]=89001234567
contacts[update][0][custom_fields][0][values][0][enum]=114611
contacts[update][0][custom_fields][0][code]=PHONE
contacts[update][0][custom_fields][1][id]=54665
contacts[update][0][custom_fields][1][name]=Должность
contacts[update][0][custom_fields][1][values][0][value]=директор
contacts[update][0][custom_fields][1][code]=POSITION
contacts[update][0][custom_fields][6][id]=565515
contacts[update][0][custom_fields][6][name]=День рождения
contacts[update][0][custom_fields][6][values][0][value]=02.02.1978
contacts[update][0][tags][0][id]=72289
contacts[update][0][linked_leads_id][8000001][ID]=8000001
contacts[update][0][linked_leads_id][8000005][ID]=8000005
contacts[update][0][type]=contact
account[subdomain]=example
"""
P8_LEAD_ADD = """
leads[add][0][id]=8000003
leads[add][0][name]=Заявка
leads[add][0][status_id]=9931849
leads[add][0][price]=
leads[add][0][responsible_user_id]=654094
leads[add][0][last_modified]=1457109765
leads[add][0][modified_user_id]=471574
leads[add][0][created_user_id]=654094
leads[add][0][date_create]=1456394603
leads[add][0][pipeline_id]=53218
leads[add][0][account_id]=9931843
account[subdomain]=test
"""
P9_LEAD_UPDATE = """
leads[update][0][id]=123456789
leads[update][0][name]=
leads[update][0][status_id]=67548615
leads[update][0][old_status_id]=67548607
leads[update][0][price]=1000
leads[update][0][responsible_user_id]=11000000
leads[update][0][last_modified]=1726567767
leads[update][0][pipeline_id]=8572511
leads[update][0][custom_fields][3][id]=1001
leads[update][0][custom_fields][3][name]=Toggle
leads[update][0][custom_fields][3][values][0][value]=1
leads[update][0][custom_fields][4][id]=1002
leads[update][0][custom_fields][4][name]=Date
leads[update][0][custom_fields][4][values][0]=1729717200
leads[update][0][created_at]=1726567700
leads[update][0][updated_at]=1726567767
account[id]=29000004
account[subdomain]=example
"""
P10_LEAD_DELETE = """
leads[delete][0][id]=12345678
leads[delete][0][status_id]=67548607
leads[delete][0][pipeline_id]=8572511
account[subdomain]=example
"""
P11_DIGITAL_PIPELINE = """
leads[status][0][id]=23802129
leads[status][0][status_id]=58841526
leads[status][0][pipeline_id]=3508507
leads[status][0][old_status_id]=58840350
leads[status][0][old_pipeline_id]=7010970
account[id]=29000004
account[subdomain]=example
"""
# P12 is no body: the disconnect hook is a GET.


def sent(pairs: str) -> bytes:
    """The lines as PHP's `http_build_query` sends them."""
    lines = (line.partition("=") for line in pairs.strip().splitlines())
    return "&".join(f"{quote_plus(key)}={quote_plus(value)}" for key, _, value in lines).encode()


def hook(pairs: str | bytes) -> Hook:
    """What is read of them."""
    return read(parse(pairs if isinstance(pairs, bytes) else sent(pairs)))


def only(pairs: str | bytes) -> Event:
    """The body's only event."""
    found = hook(pairs)
    assert found.skipped == 0
    [event] = found.events
    return event


@pytest.mark.parametrize(
    ("body", "told", "account"),
    [
        (P1_COMPANY_UPDATE, ("company", "update", 7000001, 1642684812), (29000001, "example")),
        (P2_COMPANY_ADD, ("company", "add", 1110, 1456824655), (None, "example")),
        (P3_COMPANY_DELETE, ("company", "delete", 52379505, None), (None, "test")),
        (P4_COMPANY_RESPONSIBLE, ("company", "update", 7000002, 1726576988), (29000002, "example")),
        (P5_LEAD_STATUS, ("lead", "status", 8000002, 1539782664), (None, "example")),
        (P6_LEAD_RESPONSIBLE, ("lead", "responsible", 8000004, 1456822527), (None, "example")),
        (P7_CONTACT_UPDATE, ("contact", "update", 7000003, 1538066975), (None, "example")),
        (P8_LEAD_ADD, ("lead", "add", 8000003, 1457109765), (None, "test")),
        (P9_LEAD_UPDATE, ("lead", "update", 123456789, 1726567767), (29000004, "example")),
        (P10_LEAD_DELETE, ("lead", "delete", 12345678, None), (None, "example")),
        (P11_DIGITAL_PIPELINE, ("lead", "status", 23802129, None), (29000004, "example")),
    ],
)
def test_each_captured_body_is_one_event(
    body: str | bytes,
    told: tuple[str, str, int, int | None],
    account: tuple[int | None, str | None],
) -> None:
    event = only(body)
    assert (event.entity, event.action, event.entity_id, event.last_modified) == told
    assert hook(body).account == Account(*account)


def test_brackets_and_spaces_may_come_as_they_are() -> None:
    raw = P5_LEAD_STATUS.strip().replace("\n", "&").encode()
    assert raw != sent(P5_LEAD_STATUS)
    assert hook(raw) == hook(P5_LEAD_STATUS)


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (
            P1_COMPANY_UPDATE,
            [
                CardField("293001", "Тип компании", "", ("Дилер",)),
                CardField("293002", "ID", "", ("23144",)),
                CardField("293003", "Дата регистрации", "", ("1471813200",)),
                CardField("293004", "Объявлений всего", "", ("0",)),
            ],
        ),
        (
            P4_COMPANY_RESPONSIBLE,
            [
                CardField("771906", "Phone", "PHONE", ("1234567890",)),
                CardField("771908", "Email", "EMAIL", ()),
            ],
        ),
        (
            P5_LEAD_STATUS,
            [
                CardField("66339", "Источник", "", ("Сайт",)),
                CardField("72333", "Дата проведения", "", ("1542067200",)),
                CardField("497267", "", "", ("1",)),
            ],
        ),
        (P10_LEAD_DELETE, []),
    ],
)
def test_fields_of_captured_cards(body: str, expected: list[CardField]) -> None:
    assert fields_of(only(body).item) == expected


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ("[0][value]=a\n[0][enum]=1\n[1][value]=b\n[1][enum]=2", ("a", "b")),
        ("[0]=1471813200\n[1]=1471899600", ("1471813200", "1471899600")),
        ("[value]=OK\n[enum]=10", ("OK",)),  # a radio button
        ("[0][enum]=10", ()),
        ("[0][value]=", ("",)),
        ("[0][value][name]=ООО", ()),  # a legal entity: an object of its own
        ("=a", ()),
    ],
)
def test_every_shape_of_values(values: str, expected: tuple[str, ...]) -> None:
    inside = "leads[add][0][custom_fields][0]"
    lines = "\n".join(f"{inside}[values]{line}" for line in values.splitlines())
    [field] = fields_of(only(f"leads[add][0][id]=1\n{inside}[id]=5\n{lines}").item)
    assert field == CardField("5", "", "", expected)


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        ("URL", "by code"),
        ("7", "by id"),
        ("Профиль", "by name"),
        ("EMPTY", ""),
        ("nothing", ""),
        ("", ""),
    ],
)
def test_a_field_is_found_by_its_code_then_by_its_id_then_by_its_name(
    wanted: str, expected: str
) -> None:
    fields: list[dict[str, Any]] = [
        {"id": "1", "name": "7", "values": {"0": {"value": "a name like an id"}}},
        {"id": "2", "name": "URL", "values": {"0": {"value": "a name like a code"}}},
        {"id": "7", "name": "x", "values": {"0": {"value": "by id"}, "1": {"value": "second"}}},
        {"id": "3", "name": "Профиль", "values": {"0": {"value": "by name"}}},
        {"id": "4", "name": "y", "code": "URL", "values": {"value": "by code"}},
        {"id": "5", "name": "z", "code": "EMPTY", "values": {"0": {"enum": "1"}}},
    ]
    item = {"custom_fields": {str(index): field for index, field in enumerate(fields)}}
    assert find_field(item, wanted) == expected


@pytest.mark.parametrize(
    ("body", "status", "old_status"),
    [
        (P5_LEAD_STATUS, (9217056, 142), (None, 20067736)),
        (P9_LEAD_UPDATE, (8572511, 67548615), (None, 67548607)),
        (P11_DIGITAL_PIPELINE, (3508507, 58841526), (7010970, 58840350)),
        (P8_LEAD_ADD, (53218, 9931849), (None, None)),
        (P3_COMPANY_DELETE, (None, None), (None, None)),
    ],
)
def test_statuses(
    body: str,
    status: tuple[int | None, int | None],
    old_status: tuple[int | None, int | None],
) -> None:
    item = only(body).item
    assert (status_of(item), old_status_of(item)) == (status, old_status)


def test_one_body_may_hold_several_entities_actions_and_items_of_unknown_kinds_too() -> None:
    found = hook("""
contacts[update][0][id]=1
contacts[update][0][type]=company
contacts[update][1][id]=2
contacts[update][1][type]=contact
contacts[add][0][id]=3
contacts[add][0][type]=company
leads[status][0][id]=4
leads[mail_in][0][id]=5
companies[restore][0][id]=6
task[add][0][id]=7
whatever[happened][x][id]=8
leads[note][0][note][id]=90
leads[note][0][note][element_id]=9
leads[note][1][id]=10
leads[note][1][note][element_id]=90
account[id]=29000001
""")
    assert [(each.entity, each.action, each.entity_id) for each in found.events] == [
        ("company", "update", 1),
        ("contact", "update", 2),
        ("company", "add", 3),
        ("lead", "status", 4),
        ("lead", "mail_in", 5),
        ("lead", "note", 9),
        ("lead", "note", 10),
        ("company", "restore", 6),
        ("task", "add", 7),
        ("whatever", "happened", 8),
    ]
    assert found.skipped == 0


@pytest.mark.parametrize(
    ("entity_id", "expected"),
    [
        ("1", 1),
        ("0007", 7),
        (str(2**63 - 1), 2**63 - 1),
        (str(2**63), None),
        ("9" * 5_000, None),
        ("0", None),
        ("-1", None),
        (" 1", None),
        ("1.0", None),
        ("٣", None),
        ("²", None),
        ("", None),
        ("uuid", None),
    ],
)
def test_an_item_without_a_usable_id_is_skipped_and_the_others_are_not(
    entity_id: str, expected: int | None
) -> None:
    found = hook(f"leads[add][0][id]={entity_id}\nleads[add][1][id]=2\naccount[id]={entity_id}")
    assert [each.entity_id for each in found.events] == [*([expected] if expected else []), 2]
    assert found.skipped == (expected is None)
    assert found.account == Account(expected, None)


@pytest.mark.parametrize("last_modified", ["", "yesterday", "0", "-5", "253402300800", "9" * 19])
def test_a_moment_that_is_none_is_none(last_modified: str) -> None:
    body = f"leads[add][0][id]=1\nleads[add][0][last_modified]={last_modified}"
    assert only(body).last_modified is None


@pytest.mark.parametrize(
    ("body", "skipped"),
    [
        ("", 0),
        ("account=1", 0),
        ("hello=1", 1),
        ("leads[add]=1", 1),
        ("leads[add][0]=1", 1),
        ("leads[add][0][name]=1", 1),
        ("leads[add][0][id][x]=1", 1),
        ("leads[note][0][note]=1", 1),
        ("leads[note][0][note][id]=1", 1),
        ('{"leads": []}', 0),  # no key at all
    ],
)
def test_a_body_without_events(body: str, skipped: int) -> None:
    assert hook(body) == Hook(account=Account(None, None), events=(), skipped=skipped)
