"""The aggregate as SQL over the tables `sellers` and `offers`.

It is computed for one slice of the sellers at a time: those with low <= seller_id < high. Slices
are ranges and not hashes of seller_id, so that the sorted slices, one after the other, are the
sorted whole, and nothing has to be merged.
"""

from hashlib import sha256

# The columns as the aggregate wants them: one type each, times that Python can hold.
VIEWS = """
CREATE TEMP MACRO known_time(moment) AS CASE
    WHEN moment >= TIMESTAMP '0001-01-01' AND moment < TIMESTAMP '9999-01-01' THEN moment
END;

CREATE TEMP VIEW seller AS
SELECT
    seller_id::VARCHAR AS seller_id,
    phone::VARCHAR AS phone,
    email::VARCHAR AS email,
    name::VARCHAR AS name,
    sale_address::VARCHAR AS sale_address,
    known_time(first_visit_at::TIMESTAMP) AS first_visit_at
FROM sellers WHERE seller_id::VARCHAR <> '';

CREATE TEMP VIEW offer AS
SELECT
    seller_id::VARCHAR AS seller_id,
    nullif(status::VARCHAR, '') AS status,
    nullif(category::VARCHAR, '') AS category,
    coalesce(source::VARCHAR = 'feed', false) AS is_feed,
    coalesce(source::VARCHAR = 'form', false) AS is_form,
    coalesce(condition::VARCHAR = 'used', false) AS is_used,
    coalesce(condition::VARCHAR = 'new', false) AS is_new,
    known_time(created_at::TIMESTAMP) AS created_at
FROM offers WHERE seller_id::VARCHAR <> '';
"""

# Rows, and rows without a seller id.
COUNT_SELLERS = """
SELECT count(*), count(*) FILTER (WHERE coalesce(seller_id::VARCHAR, '') = '') FROM sellers
"""
COUNT_OFFERS = """
SELECT count(*), count(*) FILTER (WHERE coalesce(seller_id::VARCHAR, '') = '') FROM offers
"""

# Seller ids of both tables: their quantiles cut the work, not the ids, into equal shares.
SAMPLE = """
SELECT seller_id
FROM (SELECT seller_id FROM seller UNION ALL SELECT seller_id FROM offer)
USING SAMPLE reservoir(20000 ROWS) REPEATABLE (1)
"""

# By status first: a seller with a million offers is then a few rows. Categories are read beside it:
# grouped by both, nearly every offer is a group of its own, which took half as long again.
_AGGREGATE = """
CREATE TEMP TABLE slice AS
WITH by_status AS (
    SELECT
        seller_id, status, count(*) AS offers, min(created_at) AS first_offer_at,
        bool_or(is_feed) AS has_feed, bool_or(is_form) AS has_form,
        bool_or(is_used) AS has_used, bool_or(is_new) AS has_new
    FROM offer
    WHERE seller_id >= $low AND ($high IS NULL OR seller_id < $high)
    GROUP BY seller_id, status
), by_category AS (
    SELECT DISTINCT seller_id, category
    FROM offer
    WHERE seller_id >= $low AND ($high IS NULL OR seller_id < $high) AND category IS NOT NULL
), total AS (
    SELECT
        seller_id, sum(offers)::BIGINT AS offers_total, min(first_offer_at) AS first_offer_at,
        bool_or(has_feed) AS has_feed, bool_or(has_form) AS has_form,
        bool_or(has_used) AS has_used, bool_or(has_new) AS has_new,
        list_sort(coalesce(
            list(struct_pack(status := status, offers := offers)) FILTER (WHERE status IS NOT NULL), []
        )) AS offers_by_status
    FROM by_status
    GROUP BY seller_id
), sorted AS (
    SELECT seller_id, list_sort(list(category)) AS categories FROM by_category GROUP BY seller_id
), one_each AS (
    SELECT *, true AS is_known
    FROM seller
    WHERE seller_id >= $low AND ($high IS NULL OR seller_id < $high)
    {choice}
)
SELECT * REPLACE (coalesce(is_known, false) AS is_known, coalesce(categories, []) AS categories)
FROM total LEFT JOIN sorted USING (seller_id) LEFT JOIN one_each USING (seller_id)
"""
# Of several rows of one seller the one with the newest first visit wins, then the smallest values.
_NEWEST = """
QUALIFY row_number() OVER (
    PARTITION BY seller_id
    ORDER BY first_visit_at DESC NULLS LAST, phone, email, name, sale_address
) = 1
"""
AGGREGATE = _AGGREGATE.format(choice=_NEWEST)
# The same where every seller has one row, as in nearly every export: a seventh faster.
AGGREGATE_OF_SINGLES = _AGGREGATE.format(choice="")

# Where a slice that does not fit into the memory is cut in two.
MIDDLE = """
SELECT quantile_disc(seller_id, 0.5)
FROM (SELECT seller_id FROM seller UNION ALL SELECT seller_id FROM offer)
WHERE seller_id > $low AND ($high IS NULL OR seller_id < $high)
"""

# What the slice adds to the facts.
SELLERS_IN_SLICE = """
SELECT count(*), count(DISTINCT seller_id)
FROM seller WHERE seller_id >= $low AND ($high IS NULL OR seller_id < $high)
"""
ROWS_AND_ORPHANS = """
SELECT count(*) FILTER (WHERE is_known),
       coalesce(sum(offers_total) FILTER (WHERE NOT is_known), 0)::BIGINT
FROM slice
"""
STATUSES = """
SELECT entry.status, sum(entry.offers)::BIGINT
FROM (SELECT unnest(offers_by_status) AS entry FROM slice WHERE is_known)
GROUP BY entry.status LIMIT $bound
"""
CATEGORIES = """
SELECT DISTINCT unnest(categories) AS category FROM slice WHERE is_known LIMIT $bound
"""

# One text per row, in the order of SellerRow: a third faster to read than lists and timestamps,
# and not even taken apart where the seller is as it was. Numbered in the order they come sorted in:
# to number over the order and then sort by the numbers sorts twice.
RECORDS = """
SELECT $first + row_number() OVER () - 1 AS ordinal, seller_id, record
FROM (
    SELECT seller_id, json_array(
        seller_id, phone, email, name, sale_address,
        epoch_us(first_visit_at), epoch_us(first_offer_at),
        offers_total, map_from_entries(offers_by_status),
        has_feed, has_form, has_used, has_new, categories
    )::VARCHAR AS record
    FROM slice WHERE is_known ORDER BY seller_id
)
"""
# As bytes: few are taken apart, and making Python's texts of them took longer than reading them.
READ = """
SELECT seller_id, encode(record) FROM read_parquet($files, hive_partitioning = false)
WHERE ordinal >= $start AND ordinal < $stop ORDER BY ordinal
"""

VERSION = "duckdb-" + sha256("".join((VIEWS, AGGREGATE, RECORDS)).encode()).hexdigest()[:12]
