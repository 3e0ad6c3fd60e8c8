"""The client against the emulator, over sockets."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import pytest
import redis

from clients.directory.client import Directory
from clients.directory.duplicates import DUPLICATE
from clients.directory.fields import PREVIEW, Field
from clients.errors import NotSentError, ServiceError, UnknownOutcomeError, ValidationError
from clients.hedging.budget import Budget
from clients.hedging.race import Reason
from clients.hedging.service import HedgedService
from clients.hedging.unavailable import UnavailableError
from clients.single_flight import RedisSingleFlight
from tests.clients.directory.conftest import Counted, Emulated, hedged

FIRST = 1_000_000_001
COPY = FIRST + 9  # a duplicate of the one before it
NOBODY = 5
WITH_COUNTERS = PREVIEW | {Field.METRIKA_DATA}


@pytest.mark.requirement("R82")
@pytest.mark.requirement("C19")
def test_preview_of_one_is_a_single_request(directory: Directory, emulated: Emulated) -> None:
    assert directory.preview([FIRST])[FIRST].names
    assert directory.preview([NOBODY]) == {}
    assert emulated.asked() == {"single": 2}


@pytest.mark.requirement("R83")
def test_everything_else_is_a_bulk_request(directory: Directory, emulated: Emulated) -> None:
    assert directory.preview([FIRST, FIRST + 1]).keys() == {FIRST, FIRST + 1}
    assert directory.bulk([FIRST]).keys() == {FIRST}
    assert emulated.asked() == {"bulk": 2}


@pytest.mark.requirement("R89")
def test_all_fields_are_read(directory: Directory, emulated: Emulated) -> None:
    found = directory.preview([FIRST], fields=Field)[FIRST]
    assert found.address is not None
    assert found.chain is not None
    assert found.rubric_defs is not None
    assert (found.is_online, found.counter_id) == (False, 40_000_000)
    assert found.rubrics[0].rubric_id in found.rubric_defs
    assert found.work_intervals[0].opens == "09:00"
    assert found.lk_link is not None
    assert found.lk_link.endswith(f"?id={FIRST}&source=direct")


@pytest.mark.requirement("R92")
def test_long_lists_are_asked_in_portions(directory: Directory, emulated: Emulated) -> None:
    asked = [FIRST + number for number in range(250)]
    assert directory.bulk(asked).keys() == set(asked)  # the duplicates among them are restored
    assert emulated.asked() == {"bulk": 3}


@pytest.mark.requirement("R95")
def test_duplicate_asked_by_itself_is_recognised(directory: Directory) -> None:
    assert directory.preview([COPY])[COPY].publishing_status == DUPLICATE


@pytest.mark.requirement("R96")
def test_duplicate_is_restored_from_its_original(directory: Directory, emulated: Emulated) -> None:
    found = directory.bulk([COPY - 1, COPY])
    assert found[COPY].publishing_status == DUPLICATE
    assert found[COPY].names == found[COPY - 1].names
    assert emulated.asked() == {"bulk": 1}


@pytest.mark.requirement("R97")
@pytest.mark.requirement("C6")
def test_duplicate_without_its_original_is_looked_up_once(
    directory: Directory, emulated: Emulated
) -> None:
    found = directory.bulk([COPY, FIRST, NOBODY])
    assert (found[COPY].publishing_status, found[COPY].head_permalink) == (DUPLICATE, COPY - 1)
    assert NOBODY not in found
    assert emulated.asked() == {"bulk": 1, "single": 2}


@pytest.mark.requirement("C6")
def test_at_most_ten_are_looked_up(directory: Directory, emulated: Emulated) -> None:
    assert directory.bulk([NOBODY + number for number in range(15)]) == {}
    assert emulated.asked() == {"bulk": 1, "single": 10}


@pytest.mark.requirement("C6")
def test_look_up_can_be_left_out(
    service: HedgedService, flights: RedisSingleFlight, emulated: Emulated
) -> None:
    assert Directory(service, flights=flights, single_lookups=0).bulk([COPY]) == {}
    assert emulated.asked() == {"bulk": 1}


@pytest.mark.requirement("C3")
def test_duplicate_that_the_directory_names_itself(
    directory: Directory, emulated: Emulated
) -> None:
    emulated.control.settings(native_duplicates=True)
    assert directory.preview([COPY])[COPY].publishing_status == DUPLICATE


@pytest.mark.requirement("R90")
def test_counters_are_asked_in_portions(directory: Directory, emulated: Emulated) -> None:
    for number in range(250):
        emulated.put(FIRST + number, metrika_data={"counter_id": number + 1})
    assert directory.counters([FIRST + number for number in range(250)]) == {
        FIRST + number: number + 1 for number in range(250)
    }
    assert emulated.asked() == {"metrika": 3}


@pytest.mark.requirement("R90")
def test_one_failed_portion_fails_the_whole_call(directory: Directory, emulated: Emulated) -> None:
    emulated.script({"kind": "refuse", "status": 400}, permalink=FIRST + 150)
    with pytest.raises(ValidationError):
        directory.counters([FIRST + number for number in range(250)])


@pytest.mark.requirement("R84")
@pytest.mark.requirement("R98")
@pytest.mark.requirement("R99")
def test_missing_counter_is_created_on_the_fly(directory: Directory, emulated: Emulated) -> None:
    read = directory.counters([FIRST, FIRST + 1, NOBODY])
    assert read == {FIRST: 40_000_000, FIRST + 1: 90_000_001}
    assert emulated.counters() == {str(FIRST + 1): [90_000_001]}
    shown = directory.preview([FIRST, FIRST + 1, FIRST + 2], fields=WITH_COUNTERS)
    assert shown[FIRST + 2].counter_id == 90_000_002
    assert directory.preview([FIRST + 2], fields=WITH_COUNTERS)[FIRST + 2].counter_id == 90_000_002


@pytest.mark.requirement("R98")
def test_no_counter_is_created_unasked(directory: Directory, emulated: Emulated) -> None:
    directory.preview([FIRST + 1])
    directory.bulk([FIRST + 1, FIRST + 2])
    assert emulated.counters() == {}


@pytest.mark.requirement("R91")
def test_hedged_creation_makes_one_counter(directory: Directory, emulated: Emulated) -> None:
    emulated.script({"kind": "hang"}, {"kind": "hang"}, endpoint="create-metrika")
    assert directory.counters([FIRST + 1]) == {FIRST + 1: 90_000_001}
    assert emulated.asked()["create-metrika"] == 3
    assert emulated.counters() == {str(FIRST + 1): [90_000_001]}


@pytest.mark.requirement("C7")
def test_creation_without_keys_is_not_hedged(
    service: HedgedService, flights: RedisSingleFlight, emulated: Emulated
) -> None:
    emulated.control.settings(keys="ignore")
    emulated.script(
        {"kind": "late", "seconds": 0.7}, permalink=FIRST + 1, endpoint="create-metrika"
    )
    emulated.script({"kind": "status"}, permalink=FIRST + 2, endpoint="create-metrika")
    directory = Directory(service, flights=flights, honours_keys=False)
    assert directory.counters([FIRST + 1]) == {FIRST + 1: 90_000_001}
    with pytest.raises(UnknownOutcomeError):
        directory.counters([FIRST + 2])
    assert emulated.asked()["create-metrika"] == 2


@pytest.mark.requirement("C7")
def test_emulator_shows_the_dangerous_mistake(directory: Directory, emulated: Emulated) -> None:
    emulated.control.settings(keys="ignore")
    emulated.script({"kind": "hang"}, endpoint="create-metrika")
    directory.counters([FIRST + 1])
    assert len(emulated.counters()[str(FIRST + 1)]) == 2


@pytest.mark.requirement("R91")
def test_many_at_once_create_one_counter(directory: Directory, emulated: Emulated) -> None:
    emulated.script(*[{"kind": "late", "seconds": 0.3}], endpoint="create-metrika", forever=True)
    with ThreadPoolExecutor(6) as threads:
        read = list(threads.map(lambda _: directory.counters([FIRST + 1]), range(6)))
    assert read == [{FIRST + 1: 90_000_001}] * 6
    assert emulated.counters() == {str(FIRST + 1): [90_000_001]}
    assert emulated.asked()["create-metrika"] == 1


@pytest.mark.requirement("R91")
def test_flight_without_redis_creates_nothing(service: HedgedService, emulated: Emulated) -> None:
    with redis.Redis(port=1, socket_timeout=0.1) as nowhere:
        directory = Directory(service, flights=RedisSingleFlight(nowhere))
        with pytest.raises(NotSentError):
            directory.counters([FIRST + 1])
    assert emulated.counters() == {}


@pytest.mark.requirement("R91")
def test_only_its_owner_ends_a_flight(flights: RedisSingleFlight) -> None:
    token = flights.enter("a", seconds=60)
    assert token is not None
    assert flights.enter("a", seconds=60) is None
    flights.leave("a", "another")
    assert flights.enter("a", seconds=60) is None
    flights.leave("a", token)
    assert flights.enter("a", seconds=60) is not None


@pytest.mark.requirement("C23")
def test_owner_is_who_the_directory_says(directory: Directory, emulated: Emulated) -> None:
    assert directory.owns(uid=700_000, permalink=FIRST)
    assert not directory.owns(uid=700_001, permalink=FIRST)
    assert not directory.owns(uid=700_000, permalink=NOBODY)


@pytest.mark.requirement("C23")
def test_who_cannot_be_asked_about_is_no_owner(directory: Directory, emulated: Emulated) -> None:
    emulated.script({"kind": "status", "status": 500}, endpoint="is-owner", forever=True)
    assert not directory.owns(uid=700_000, permalink=FIRST)


@pytest.mark.requirement("R93")
def test_search_finds_by_name_and_region(directory: Directory, emulated: Emulated) -> None:
    emulated.put(7, names=[{"lang": "ru", "value": "Редкое слово", "kind": "main"}])
    assert [each.permalink for each in directory.search("редкое")] == [7]
    assert directory.search("редкое", region=213) == []
    assert len(directory.search("", limit=5, offset=2)) == 5


@pytest.mark.requirement("R87")
@pytest.mark.parametrize("status", [400, 403, 404, 409])
def test_refusal_ends_the_call(directory: Directory, emulated: Emulated, status: int) -> None:
    emulated.script({"kind": "status", "status": status}, endpoint="bulk", forever=True)
    with pytest.raises(ServiceError) as refused:
        directory.bulk([FIRST])
    assert refused.value.status == status
    assert emulated.asked() == {"bulk": 1}


@pytest.mark.requirement("R87")
@pytest.mark.parametrize(
    "fault",
    [{"kind": "status", "status": status} for status in (408, 425, 429, 500, 503)]
    + [{"kind": "cut"}, {"kind": "not_json"}, {"kind": "hang"}],
)
def test_failure_is_tried_again(
    directory: Directory, emulated: Emulated, fault: dict[str, object]
) -> None:
    emulated.script(fault, endpoint="bulk")
    assert directory.bulk([FIRST]).keys() == {FIRST}
    assert list(emulated.control.get("audit")["attempts"].values()) == [2]


@pytest.mark.parametrize("status", [429, 503])
def test_told_to_wait_it_waits(
    directory: Directory, emulated: Emulated, observer: Counted, status: int
) -> None:
    emulated.script({"kind": "status", "status": status, "retry_after": 1}, endpoint="bulk")
    directory.bulk([FIRST])
    [seconds] = observer.seconds
    assert seconds >= 1.0
    assert observer.attempts == {"first": 1, "retry": 1}


@pytest.mark.requirement("R87")
def test_hedge_that_wins_is_counted(
    directory: Directory, emulated: Emulated, observer: Counted
) -> None:
    emulated.script({"kind": "hang"}, endpoint="bulk")
    directory.bulk([FIRST])
    assert (observer.attempts, observer.won) == ({"first": 1, "hedge": 1}, {"bulk": 1})
    assert 0.5 <= observer.seconds[0] < 2.0


def test_without_a_budget_nothing_is_asked_twice(
    emulated: Emulated, observer: Counted, flights: RedisSingleFlight
) -> None:
    emulated.script({"kind": "status", "status": 500}, endpoint="bulk")
    penniless = hedged(emulated.server.url, observer, budget=Budget(tokens=0.0))
    with closing(penniless) as service, pytest.raises(UnavailableError) as failed:
        Directory(service, flights=flights).bulk([FIRST])
    assert failed.value.reason is Reason.BUDGET
    assert (observer.attempts, observer.denied) == ({"first": 1}, {"bulk": 1})


def test_deadline_ends_the_call(
    directory: Directory, emulated: Emulated, observer: Counted
) -> None:
    emulated.script({"kind": "hang"}, forever=True)
    with pytest.raises(UnavailableError) as failed:
        directory.bulk([FIRST], deadline=0.8)
    assert failed.value.reason is Reason.DEADLINE
    assert observer.seconds[0] == pytest.approx(0.8, abs=0.1)
    with pytest.raises(UnavailableError):
        directory.bulk([FIRST], deadline=0.0)


def test_permalinks_are_above_zero(directory: Directory) -> None:
    with pytest.raises(ValueError, match="above 0"):
        directory.bulk([0])


def test_nothing_is_asked_for_nothing(directory: Directory, emulated: Emulated) -> None:
    assert directory.bulk([]) == {}
    assert directory.counters([]) == {}
    assert emulated.asked() == {}
