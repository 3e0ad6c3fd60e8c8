"""The one watermark row, without which no claim is possible, and room for updates in place."""

from django.db import migrations


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
    ]
