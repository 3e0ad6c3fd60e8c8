from typing import Any

import pytest

from tests.emulators.talking import Answer, Talker

TOKEN = "/oauth2/access_token"
ACCOUNT = "/api/v4/account"
DAY = 86_400


def exchange(amocrm: Talker, **changes: Any) -> Answer:
    settings = amocrm.control("GET", "settings")
    body = {name: settings[name] for name in ("client_id", "client_secret", "redirect_uri")}
    return amocrm.post(TOKEN, {**body, **changes})


def by_code(amocrm: Talker, code: str = "emulator-code") -> Answer:
    return exchange(amocrm, grant_type="authorization_code", code=code)


def refresh(amocrm: Talker, token: str) -> Answer:
    return exchange(amocrm, grant_type="refresh_token", refresh_token=token)


def status_with(amocrm: Talker, token: str | None) -> int:
    amocrm.token = token
    return amocrm.get(ACCOUNT).status


def test_long_lived_token_is_accepted_and_others_are_not(amocrm: Talker) -> None:
    assert status_with(amocrm, "emulator-token") == 200
    assert status_with(amocrm, "another") == 401
    assert status_with(amocrm, None) == 401


def test_401_has_the_documented_shape(amocrm: Talker) -> None:
    amocrm.token = "another"
    answer = amocrm.get(ACCOUNT)
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json == {
        "title": "Unauthorized",
        "type": "https://httpstatus.es/401",
        "status": 401,
        "detail": "Неверный логин или пароль",
    }


def test_tokens_need_not_be_required(amocrm: Talker) -> None:
    amocrm.set(require_token=False)
    assert status_with(amocrm, None) == 200


def test_code_is_exchanged_once_for_tokens_that_work(amocrm: Talker) -> None:
    tokens = by_code(amocrm)
    assert tokens.status == 200
    assert (tokens.json["token_type"], tokens.json["expires_in"]) == ("Bearer", DAY)
    assert tokens.json["refresh_token"].startswith("def502")
    again = by_code(amocrm)
    assert (again.status, again.json["hint"]) == (400, "Authorization code has been revoked")
    assert status_with(amocrm, tokens.json["access_token"]) == 200


def test_code_expires_after_20_minutes(amocrm: Talker) -> None:
    code = amocrm.control("POST", "tokens/code")["code"]
    amocrm.control("POST", "clock", {"advance": 20 * 60 + 1})
    answer = by_code(amocrm, code)
    assert (answer.status, answer.json["hint"]) == (400, "Authorization code has expired")


@pytest.mark.parametrize(
    ("changes", "hint"),
    [
        ({"client_id": "x"}, "Check the `client_id` parameter"),
        ({"client_secret": "x"}, "Check the `client_secret` parameter"),
        ({"redirect_uri": "https://x"}, "Check the `redirect_uri` parameter"),
        ({"grant_type": "password"}, "Check the `grant_type` parameter"),
        ({"grant_type": "authorization_code", "code": "x"},
         "Cannot decrypt the authorization code"),
        ({"grant_type": "refresh_token", "refresh_token": "x"}, "Invalid refresh token"),
    ],
)  # fmt: skip
def test_bad_exchange_is_a_400_with_a_hint(
    amocrm: Talker, changes: dict[str, Any], hint: str
) -> None:
    answer = exchange(amocrm, **changes)
    assert (answer.status, answer.json["hint"]) == (400, hint)
    assert answer.json["type"].endswith("OAuthProblemJson")


def test_token_body_must_be_json(amocrm: Talker) -> None:
    assert amocrm.ask("POST", TOKEN, raw=b"client_id=x").status == 400


def test_access_token_expires_after_a_day(amocrm: Talker) -> None:
    access = by_code(amocrm).json["access_token"]
    amocrm.control("POST", "clock", {"advance": DAY - 5})
    assert status_with(amocrm, access) == 200
    amocrm.control("POST", "clock", {"advance": 6})
    assert status_with(amocrm, access) == 401


def test_refresh_token_expires_after_three_months(amocrm: Talker) -> None:
    token = by_code(amocrm).json["refresh_token"]
    amocrm.control("POST", "clock", {"advance": 90 * DAY + 1})
    answer = refresh(amocrm, token)
    assert (answer.status, answer.json["hint"]) == (401, "Token has been revoked")


def test_strict_refresh_token_works_once(amocrm: Talker) -> None:
    amocrm.set(token_mode="strict")
    token = by_code(amocrm).json["refresh_token"]
    renewed = refresh(amocrm, token)
    assert renewed.json["refresh_token"] != token
    assert refresh(amocrm, token).status == 401
    assert refresh(amocrm, renewed.json["refresh_token"]).status == 200


def test_grace_keeps_the_old_refresh_token_until_the_new_one_is_used(amocrm: Talker) -> None:
    token = by_code(amocrm).json["refresh_token"]
    refresh(amocrm, token)
    renewed = refresh(amocrm, token)
    assert renewed.status == 200
    assert refresh(amocrm, renewed.json["refresh_token"]).status == 200
    assert refresh(amocrm, token).status == 401


def test_grace_can_end_with_the_new_access_token(amocrm: Talker) -> None:
    amocrm.set(grace_ends_with="access")
    token = by_code(amocrm).json["refresh_token"]
    renewed = refresh(amocrm, token)
    assert status_with(amocrm, renewed.json["access_token"]) == 200
    assert refresh(amocrm, token).status == 401


def test_use_of_the_new_access_token_leaves_grace_alone(amocrm: Talker) -> None:
    token = by_code(amocrm).json["refresh_token"]
    renewed = refresh(amocrm, token)
    assert status_with(amocrm, renewed.json["access_token"]) == 200
    assert refresh(amocrm, token).status == 200


def test_revoking_kills_every_token(amocrm: Talker) -> None:
    tokens = by_code(amocrm).json
    amocrm.control("POST", "tokens/revoke")
    assert refresh(amocrm, tokens["refresh_token"]).status == 401
    assert status_with(amocrm, tokens["access_token"]) == 401
    assert status_with(amocrm, "emulator-token") == 401


def test_reset_brings_the_long_lived_token_back(amocrm: Talker) -> None:
    amocrm.control("POST", "tokens/revoke")
    amocrm.control("POST", "reset")
    assert status_with(amocrm, "emulator-token") == 200


def test_unpaid_account_reads_but_does_not_write(amocrm: Talker) -> None:
    amocrm.set(paid=False)
    answer = amocrm.post("/api/v4/companies", [{"name": "A"}])
    assert (answer.status, answer.json["title"]) == (402, "Payment Required")
    assert amocrm.get(ACCOUNT).status == 200
