"""The one watermark row, without which no claim is possible, and room for updates in place."""

from django.db import migrations

DROP_LIKE_INDEXES = r"""
DO $$
DECLARE found text;
BEGIN
    FOR found IN SELECT indexname FROM pg_indexes WHERE schemaname = current_schema()
        AND tablename IN ('companies', 'seller_sync', 'rejection', 'status_field')
        AND indexname LIKE '%\_like'
    LOOP
        EXECUTE format('DROP INDEX %I', found);
    END LOOP;
END $$
"""


class Migration(migrations.Migration):
    dependencies = [("companies", "0001_initial")]

    operations = [
        migrations.RunSQL(
            "INSERT INTO crm_watermark (id, company_id, scan_page) VALUES (1, 0, 1) ON CONFLICT DO NOTHING",
            migrations.RunSQL.noop,
        ),
        # A fifth of each page free: an update stays on its page and touches no index.
        migrations.RunSQL(
            "ALTER TABLE seller_sync SET (fillfactor = 80)",
            "ALTER TABLE seller_sync RESET (fillfactor)",
        ),
        # Django adds an index for LIKE to every text key. Nobody searches by a part of an id, and
        # each new seller would be written to it.
        migrations.RunSQL(DROP_LIKE_INDEXES, migrations.RunSQL.noop),
    ]
