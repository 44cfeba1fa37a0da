"""Dense series: columns in memory, blocks in the database."""
