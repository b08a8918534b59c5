-- The hosts on which something is set as on few others, by run.
select run, name, id, shape, settings from hosts where odd order by run, name;
