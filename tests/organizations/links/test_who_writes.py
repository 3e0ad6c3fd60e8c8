"""Who may write what: triggers watch over the rows while everything that changes links is done.

The import of automatic links comes later; until then nobody makes or takes them away.
"""

import re
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest
from django.db import DatabaseError, connections

from ads.shards import use_shard
from organizations import applying, banner_links, campaign_links
from organizations.models import BannerPermalink, Organization
from organizations.wishes import Wish
from tests.organizations.links.office import ONE, OTHER, OWNER, SHARD, THIRD, Office
from tests.organizations.status_events import happened
from tests.sharded import on_shards

pytestmark = on_shards

ALIAS = "shard2"
PORTION = 100  # events
PRODUCT = Path(__file__).resolve().parents[3]
WRITES = re.compile(
    r"(?:INSERT INTO|UPDATE|DELETE FROM)\s+(organizations|banner_permalinks|campaign_permalinks)\b"
)
# Automatic rows may get their flags, and give way to a manual row of the same organization.
WATCH = """
CREATE FUNCTION only_the_status() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' OR (OLD."ClientID", OLD.permalink_id, OLD.chain_id)
            IS DISTINCT FROM (NEW."ClientID", NEW.permalink_id, NEW.chain_id) THEN
        RAISE 'organizations: only the status may change';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER only_the_status AFTER UPDATE OR DELETE ON organizations
    FOR EACH ROW EXECUTE FUNCTION only_the_status();
CREATE FUNCTION automatic_stays() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        IF NEW.permalink_assign_type = 'auto' THEN RAISE 'somebody made an automatic link'; END IF;
        RETURN NULL;
    END IF;
    IF OLD.permalink_assign_type = 'manual' THEN RETURN NULL; END IF;
    PERFORM FROM banner_permalinks
    WHERE bid = OLD.bid AND permalink = OLD.permalink
      AND (chain_id = OLD.chain_id OR permalink_assign_type = 'manual');
    IF NOT FOUND THEN RAISE 'somebody took an automatic link away'; END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER automatic_stays AFTER INSERT OR UPDATE OR DELETE ON banner_permalinks
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION automatic_stays();
"""


@pytest.fixture
def watched(office: Office) -> Iterator[Office]:
    """An office with automatic links, over whose rows the triggers watch from now on."""
    office.auto(OTHER)
    office.auto(THIRD, chain_id=7)
    office.auto(0, chain_id=8)
    with connections[ALIAS].cursor() as cursor:
        cursor.execute(WATCH)
    yield office
    settle()


def settle() -> None:
    """As a commit would: what the triggers put off is judged now."""
    connections[ALIAS].check_constraints()


def unpublish(permalink: int) -> None:
    happened(permalink, published=False)
    with use_shard(SHARD):
        applying.apply_next(most=PORTION)


def reject(office: Office, permalink: int) -> None:
    banner_links.reject(
        client_id=office.client_id, bid=office.bid, permalink=permalink, actor=OWNER
    )


@pytest.mark.requirement("R6")
@pytest.mark.requirement("R7")
@pytest.mark.requirement("R14")
def test_links_of_a_banner_and_events_keep_to_their_columns(watched: Office) -> None:
    steps: list[Callable[[], object]] = [
        partial(watched.link, ONE),
        partial(watched.link, OTHER),  # the automatic one becomes manual
        partial(watched.link, OTHER, prefer_vcard=True),
        partial(unpublish, OTHER),
        partial(watched.link, OTHER),
        partial(watched.link, None),
        partial(watched.link, ONE),  # remembered already
        partial(reject, watched, THIRD),
    ]
    for step in steps:
        step()
        settle()
    with use_shard(SHARD):
        left = BannerPermalink.objects.filter(permalink_assign_type="auto")
        assert set(left.values_list("permalink", "chain_id")) == {(THIRD, 7), (0, 8)}
        assert Organization.objects.get(permalink=OTHER).status_publish == "unpublished"


@pytest.mark.requirement("R6")
@pytest.mark.requirement("R14")
def test_links_of_a_campaign_keep_to_their_columns(watched: Office) -> None:
    for permalink in (OTHER, ONE, None):
        campaign_links.set_organization(
            client_id=watched.client_id,
            cid=watched.cid,
            wish=Wish(permalink),
            actor=OWNER,
            directory=watched.directory,
        )
        settle()
    with use_shard(SHARD):
        assert BannerPermalink.objects.filter(permalink_assign_type="auto").count() == 2


@pytest.mark.parametrize(
    ("statement", "says"),
    [
        ("UPDATE organizations SET chain_id = 5", "only the status"),
        ("DELETE FROM organizations", "only the status"),
        ("DELETE FROM banner_permalinks WHERE permalink_assign_type = 'auto'", "took an automatic"),
        (
            "INSERT INTO banner_permalinks (bid, permalink, permalink_assign_type)"
            " VALUES (1, 1, 'auto')",
            "made an automatic",
        ),
    ],
)
def test_the_triggers_notice(office: Office, statement: str, says: str) -> None:
    office.link(ONE)
    office.auto(OTHER)
    settle()
    with connections[ALIAS].cursor() as cursor:
        cursor.execute(WATCH)
        with pytest.raises(DatabaseError, match=says):
            cursor.execute(statement + "; SET CONSTRAINTS ALL IMMEDIATE")


@pytest.mark.requirement("R7")
@pytest.mark.requirement("R14")
def test_the_tables_have_these_writers_and_no_others() -> None:
    found = {
        (table, path.stem)
        for path in (PRODUCT / "organizations").rglob("*.py")
        if "migrations" not in path.parts
        for table in WRITES.findall(path.read_text(encoding="utf-8"))
    }
    assert found == {
        ("organizations", "linking"),
        ("organizations", "applying"),
        ("banner_permalinks", "linking"),
        ("banner_permalinks", "propagating"),
        ("campaign_permalinks", "campaign_changes"),
    }
