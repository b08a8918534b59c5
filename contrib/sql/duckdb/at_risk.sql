-- On how many hosts each service is in the pool, by run.
select run, service, count(*) as hosts
from (select run, unnest(at_risk) as service from hosts)
group by run, service order by run, hosts desc, service;
