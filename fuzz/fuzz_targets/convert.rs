#![no_main]

ephaudit_fuzz::target!(ephaudit::fuzzing::convert, edited as JSON);
