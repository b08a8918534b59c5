#![no_main]

ephaudit_fuzz::target!(ephaudit::fuzzing::registry);
