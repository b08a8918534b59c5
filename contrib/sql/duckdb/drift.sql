-- The hosts whose settings or status are not those of the run before. A host without a row there
-- is new, and what no longer fails is not called fixed: `ephaudit fleet diff` knows what passes.
with steps as (
  select *, lag(shape) over before as old_shape, lag(status) over before as old_status,
    lag(settings) over before as old_settings, lag(run) over before as old_run
  from hosts
  window before as (partition by coalesce(id, ''), lower(name) order by run)
)
select run, old_run, name, old_status, status, old_settings, settings
from steps
where old_run is not null and (shape <> old_shape or status is distinct from old_status)
order by run, name;
