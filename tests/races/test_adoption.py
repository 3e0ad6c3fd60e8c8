"""Taking over companies that we did not know, against creating a company for the same seller."""

import uuid
from collections.abc import Callable
from contextlib import closing
from typing import Any

import pytest

from companies import adopting, attempts, reconciling
from companies.adopting import ADOPT, Adopted, Gate
from companies.creating import AttemptLostError
from companies.exports import Export
from companies.models import Company, CompanyDuplicate, CreateAttempt
from operations import statements
from operations.models import Run
from tests.crm.emulated import asked
from tests.crm.threads import at_once
from tests.crossing import behind
from tests.races import variants, writers
from tests.races.schedule import beside, halted
from tests.races.variants import AS_OF, without
from tests.waiting import wait_until
from tests.world import World

WHOEVER_HAS_THEM = without(attempts.CLAIM, "WHERE s.state IN ('a', 'x')\n")
ANSWER_SECONDS = 3.0  # of the create that is under way; an adoption takes a tenth of that
WHO_IS_FREE = without(  # as ADOPT was before it had regard to creates under way
    ADOPT,
    """    FROM given LEFT JOIN companies c USING (seller_id)
    WHERE given.seller_id NOT IN (SELECT seller_id FROM linked)  -- or another one is on its way
        AND c.company_id IS DISTINCT FROM given.company_id
""",
    instead="""    FROM given JOIN companies c USING (seller_id) WHERE c.company_id <> given.company_id
""",
)
CREATES: dict[str, Any] = {"method": "POST", "path": "/api/v4/companies"}


@pytest.fixture
def stranger(world: World) -> int:
    """A company of seller s1 that our tables do not know."""
    world.prepare_fields()
    body = [{"name": "Магазин", "fields": {"AMONITION_SELLER_ID": "s1"}}]
    return int(world.amocrm.post("companies", body)["ids"][0])


def _adopt() -> Adopted:
    with closing(writers.client()) as crm:
        return adopting.adopt(client=crm, who="anna")


def _is_one(world: World, company: int) -> bool:
    """One company, and one mapping that names it."""
    mapped = list(Company.objects.values_list("seller_id", "company_id"))
    return world.company("s1")["id"] == company and mapped == [("s1", str(company))]


# The gate


def test_gate_of_many_pumps_reads_once_and_lets_nobody_create(world: World, stranger: int) -> None:
    run = Run.objects.create(kind="companies", trigger=Run.Trigger.COMMAND)

    def gate() -> Gate:
        with closing(writers.client()) as crm:
            return adopting.gate(client=crm, run_id=run.pk)

    assert at_once(gate, threads=4) == [Gate.CLOSED] * 4
    assert asked(world.amocrm, "GET /api/v4/companies") == 1


def test_seller_whose_company_nobody_knows_waits_for_the_adoption(world: World) -> None:
    world.prepare_fields()
    body = [{"name": "Магазин", "fields": {"AMONITION_SELLER_ID": "s00000"}}]
    [company] = world.amocrm.post("companies", body)["ids"]
    world.sellers(1)
    assert world.push().postponed == 1
    _adopt()
    assert world.push().updated == 1
    assert world.company("s00000")["id"] == company
    assert Company.objects.get().company_id == str(company)


def test_without_the_gate_the_seller_gets_a_second_company(world: World, stranger: int) -> None:
    """The twin: the writing path alone, which knows our tables only."""
    writers.create(writers.export_of("s1"))
    assert world.audit()["max_companies_per_seller"] == 2


# The adoption first: who found the seller new before it, and claims it after it


def test_seller_that_is_being_adopted_is_not_claimed(world: World, stranger: int) -> None:
    export = writers.export_of("s1")
    behind(_adopt, [lambda: writers.create(export)])
    assert _is_one(world, stranger)


@pytest.mark.parametrize(
    "create",
    [
        writers.create_unless_mapped,
        lambda export: writers.create_by(export, claim=WHOEVER_HAS_THEM),
    ],
    ids=["no claim", "a claim without its condition"],
)
def test_without_the_claim_a_seller_that_is_being_adopted_gets_a_second_company(
    world: World, stranger: int, create: Callable[[Export], object]
) -> None:
    """The twins."""
    export = writers.export_of("s1")
    behind(_adopt, [lambda: create(export)])
    assert world.audit()["max_companies_per_seller"] == 2


# The claim first


def test_adoption_recalls_a_create_that_waits_for_its_slot(world: World, stranger: int) -> None:
    export = writers.export_of("s1")
    with halted(lambda halt: writers.create(export, before_a_slot=halt)) as late:
        assert _adopt().adopted == 1
    with pytest.raises(AttemptLostError):
        late.result()
    assert _is_one(world, stranger)


def test_without_the_recall_there_are_two_companies_and_nobody_knows_of_one(
    world: World, stranger: int
) -> None:
    """The twin: it takes over who is free, and passes by who is claimed."""
    export = writers.export_of("s1")
    given = {"sellers": ["s1"], "companies": [str(stranger)]}
    with halted(lambda halt: writers.create(export, before_a_slot=halt)) as late:
        statements.fetch(WHO_IS_FREE, given)
    assert late.result().created == {"s1"}
    assert len(world.companies("s1")) == 2
    assert not Company.objects.filter(company_id=str(stranger)).exists()
    assert not CompanyDuplicate.objects.exists()


def test_company_found_while_another_is_on_its_way_is_written_down(
    world: World, stranger: int
) -> None:
    export = writers.export_of("s1")
    world.amocrm.fault("slow_answer", seconds=ANSWER_SECONDS, **CREATES)
    with beside(lambda: writers.create(export)) as creating:
        wait_until(lambda: len(world.companies("s1")) == 2, seconds=10, what="the second company")
        done = _adopt()
        assert CreateAttempt.objects.get().state == CreateAttempt.State.SENT
        assert creating.result().created == {"s1"}
    assert (done.adopted, done.duplicates) == (0, 1)
    assert CompanyDuplicate.objects.get().company_id == str(stranger)
    assert Company.objects.get().company_id != str(stranger)


def test_second_company_that_turns_out_to_be_the_only_one_is_no_duplicate(
    world: World, stranger: int
) -> None:
    """The create was marked and never arrived; reading back finds the company that was adopted."""
    attempt = uuid.uuid4()
    variants.claim(attempts.CLAIM, ["s1"], attempt=attempt)
    variants.mark_sent(attempts.MARK_SENT, attempt=attempt)
    assert _adopt().duplicates == 1
    CreateAttempt.objects.update(sent_at=AS_OF)
    with closing(writers.client()) as crm:
        reconciling.settle(client=crm, settle_time=1)
    assert _is_one(world, stranger)
    assert not CompanyDuplicate.objects.exists()
