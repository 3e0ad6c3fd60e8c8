"""The warehouse without a server: DuckDB over Parquet files, one slice of the sellers at a time."""
