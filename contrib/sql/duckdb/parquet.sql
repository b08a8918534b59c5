-- The table as Parquet, one folder a run.
copy hosts to 'lake.parquet' (format parquet, compression zstd, partition_by (run), overwrite_or_ignore);
