-- On how many hosts each rule has no complete answer, by run.
select run, rule, count(*) as hosts
from (select run, unnest(unknown) as rule from hosts)
group by run, rule order by run, hosts desc, rule;
