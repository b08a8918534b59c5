#![no_main]

ephaudit_fuzz::target!(ephaudit_platform::fuzzing::ports);
