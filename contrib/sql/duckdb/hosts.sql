-- The rows of all runs; set variable lake = 'lake/*/hosts.ndjson' first.
create or replace table hosts as
select regexp_extract(filename, 'run=([^/]+)', 1) as run, * exclude (filename)
from read_json(getvariable('lake'), format = 'newline_delimited', filename = true,
  columns = {
    name: 'VARCHAR', id: 'VARCHAR', "group": 'VARCHAR', os: 'VARCHAR', os_version: 'VARCHAR',
    kernel: 'VARCHAR', collected_at: 'TIMESTAMP', age_s: 'BIGINT', status: 'VARCHAR',
    shape: 'VARCHAR', settings: 'VARCHAR', odd: 'BOOLEAN',
    findings: 'STRUCT(critical INTEGER, high INTEGER, medium INTEGER, low INTEGER, info INTEGER, waived INTEGER)',
    failed: 'VARCHAR[]', waived: 'VARCHAR[]', unknown: 'VARCHAR[]', at_risk: 'VARCHAR[]',
    measure: 'VARCHAR', tool: 'VARCHAR', source: 'VARCHAR'
  });
