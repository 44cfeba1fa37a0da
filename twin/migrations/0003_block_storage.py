"""How the blocks lie on disk."""

from django.db import migrations

# The bytes are compressed already: neither try again nor, below a page, move them out of the row, where
# finding them costs an index and their overhead. Blocks are rewritten at the newest end only: vacuum that
# waits for a fifth of the table to change would never come.
STORAGE = """
    ALTER TABLE twin_seriesblock ALTER COLUMN data SET STORAGE EXTERNAL;
    ALTER TABLE twin_seriesblock ALTER COLUMN tombstones SET STORAGE EXTERNAL;
    ALTER TABLE twin_seriesblock SET (toast_tuple_target = 8160, autovacuum_vacuum_scale_factor = 0.02);
"""
DEFAULT_STORAGE = """
    ALTER TABLE twin_seriesblock ALTER COLUMN data SET STORAGE EXTENDED;
    ALTER TABLE twin_seriesblock ALTER COLUMN tombstones SET STORAGE EXTENDED;
    ALTER TABLE twin_seriesblock RESET (toast_tuple_target, autovacuum_vacuum_scale_factor);
"""


class Migration(migrations.Migration):
    dependencies = [("twin", "0002_row_level_security")]

    operations = [migrations.RunSQL(STORAGE, DEFAULT_STORAGE)]
