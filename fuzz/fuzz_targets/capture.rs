#![no_main]

ephaudit_fuzz::target!(ephaudit::fuzzing::capture, edited as JSON);
