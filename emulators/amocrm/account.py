"""The account: who is in it, and through which stages its leads go."""

from dataclasses import dataclass
from typing import Any

ACCOUNT_ID = 29_000_001
SUBDOMAIN = "emulator"
TRANSFER_STATUS = "Готов выгружать вручную"
WON, LOST = 142, 143  # the same in every pipeline
ADMIN_ID = 6_100_001


@dataclass(slots=True)
class User:
    id: int
    name: str
    email: str


@dataclass(frozen=True, slots=True)
class Status:
    id: int
    name: str
    sort: int
    type: int = 0  # 1: incoming, not yet sorted


@dataclass(frozen=True, slots=True)
class Pipeline:
    id: int
    name: str
    sort: int
    is_main: bool
    statuses: tuple[Status, ...]


def first_users() -> dict[int, User]:
    users = (
        User(ADMIN_ID, "Анна Администратор", "admin@example.ru"),
        User(ADMIN_ID + 1, "Михаил Менеджер", "manager@example.ru"),
    )
    return {user.id: user for user in users}


_FINAL = (
    Status(WON, "Успешно реализовано", 10_000),
    Status(LOST, "Закрыто и не реализовано", 11_000),
)

PIPELINES = (
    Pipeline(
        7_000_101,
        "Воронка",
        1,
        True,
        (
            Status(57_000_101, "Неразобранное", 10, 1),
            Status(57_000_102, "Первичный контакт", 20),
            Status(57_000_103, "Переговоры", 30),
            *_FINAL,
        ),
    ),
    Pipeline(
        7_000_201,
        "Подключение",
        2,
        False,
        (
            Status(57_000_201, "Неразобранное", 10, 1),
            Status(57_000_202, "Новый продавец", 20),
            Status(57_000_203, TRANSFER_STATUS, 30),
            Status(57_000_204, "Выгружается", 40),
            *_FINAL,
        ),
    ),
)


def shown_account(*, name_of_parts: set[str], filter_enabled: bool) -> dict[str, Any]:
    """`GET /account`; `name_of_parts`: what `with` asks for."""
    shown: dict[str, Any] = {
        "id": ACCOUNT_ID,
        "name": "Amonition (эмулятор)",
        "subdomain": SUBDOMAIN,
        "created_at": 1_600_000_000,
        "created_by": 0,
        "updated_at": 1_700_000_000,
        "updated_by": 0,
        "current_user_id": ADMIN_ID,
        "country": "RU",
        "currency": "RUB",
        "currency_symbol": "₽",
        "customers_mode": "disabled",
        "is_unsorted_on": True,
        "mobile_feature_version": 0,
        "is_loss_reason_enabled": True,
        "is_helpbot_enabled": False,
        "is_technical_account": False,
        "contact_name_display_order": 1,
        "_links": {"self": {"href": f"https://{SUBDOMAIN}.amocrm.ru/api/v4/account"}},
    }
    if "is_api_filter_enabled" in name_of_parts:
        shown["is_api_filter_enabled"] = filter_enabled
    return shown


def shown_user(user: User, *, is_admin: bool) -> dict[str, Any]:
    return {
        "id": user.id,
        "name": user.name,
        "email": user.email,
        "lang": "ru",
        "rights": {"is_admin": is_admin, "is_free": False, "is_active": True},
    }


def shown_pipeline(pipeline: Pipeline) -> dict[str, Any]:
    return {
        "id": pipeline.id,
        "name": pipeline.name,
        "sort": pipeline.sort,
        "is_main": pipeline.is_main,
        "is_unsorted_on": True,
        "is_archive": False,
        "account_id": ACCOUNT_ID,
        "_embedded": {
            "statuses": [
                {
                    "id": status.id,
                    "name": status.name,
                    "sort": status.sort,
                    "is_editable": status.type == 0 and status.id not in (WON, LOST),
                    "pipeline_id": pipeline.id,
                    "color": "#fffeb2",
                    "type": status.type,
                    "account_id": ACCOUNT_ID,
                }
                for status in pipeline.statuses
            ]
        },
    }
