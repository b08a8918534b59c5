-- How many hosts have each status, by run.
select run, coalesce(status, 'unjudged') as status, count(*) as hosts
from hosts group by all order by run, status;
