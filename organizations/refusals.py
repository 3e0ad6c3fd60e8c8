"""Why a link is not made: a code for programs, and for the person what to do about it."""

from collections.abc import Mapping

from organizations import phones


class NotYoursError(Exception):
    """There is no such client, campaign or banner, or it is another client's: not to be told apart."""


class LinkRefusedError(Exception):
    """Nothing was changed. `text`: Russian, says what to do next; `details`: what it is about."""

    def __init__(self, code: str, text: str, **details: object) -> None:
        super().__init__(code, text)
        self.code = code
        self.text = text
        self.details: Mapping[str, object] = details

    def __str__(self) -> str:
        return f"{self.code}: {self.text}"


def not_found(permalink: int) -> LinkRefusedError:
    return LinkRefusedError(
        "organization.not_found",
        f"В Справочнике нет организации {permalink}: выберите её заново",
        permalink=permalink,
    )


def not_published(permalink: int, status: str) -> LinkRefusedError:
    return LinkRefusedError(
        "organization.not_published",
        f"Организация {permalink} не опубликована ({status}): привязать можно опубликованную."
        " Проверьте её карточку в Справочнике или выберите другую",
        permalink=permalink,
        status=status,
    )


def duplicate_of(permalink: int, original: int) -> LinkRefusedError:
    return LinkRefusedError(
        "organization.duplicate_of",
        f"Организация {permalink} — дубликат организации {original}: привяжите {original}",
        permalink=permalink,
        original=original,
    )


def directory_unavailable() -> LinkRefusedError:
    return LinkRefusedError(
        "organization.directory_unavailable",
        "Справочник не отвечает, новую организацию привязать нельзя. Ничего не изменено:"
        " повторите через минуту",
    )


def of_phone(refusal: phones.Refusal, client_phone_id: int) -> LinkRefusedError:
    return LinkRefusedError(refusal.code, refusal.text, client_phone_id=client_phone_id)


def changed_meanwhile() -> LinkRefusedError:
    return LinkRefusedError(
        "link.changed",
        "Привязку только что изменил кто-то другой. Посмотрите, что выбрано теперь, и повторите",
    )


def too_many_changes(cid: int) -> LinkRefusedError:
    return LinkRefusedError(
        "campaign.too_many_changes",
        f"Прошлое изменение кампании {cid} ещё применяется к баннерам. Дождитесь его и повторите",
        cid=cid,
    )
