-- What is set on how many hosts, by run.
select run, shape, any_value(settings) as settings, count(*) as hosts
from hosts group by run, shape order by run, hosts desc, shape;
