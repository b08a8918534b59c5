-- On how many hosts each rule fails, by run.
select run, rule, count(*) as hosts
from (select run, unnest(failed) as rule from hosts)
group by run, rule order by run, hosts desc, rule;
