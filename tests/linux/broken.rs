//! A program that is at fault itself ends as any failure does: by one line and a code of the
//! contract.

use std::process::Output;

use rustix::io::Errno;

use crate::linux::support::refuse::forbid;
use crate::support::{code, ephaudit, stderr, stdout};

/// getrandom(2), include/uapi/asm-generic/unistd.h but on x86-64: std panics where it is refused by
/// this error.
fn without_random_numbers(args: &[&str]) -> Output {
    let args = args.iter().map(|arg| (*arg).to_owned()).collect::<Vec<_>>();
    let started = std::thread::spawn(move || {
        let call = if cfg!(target_arch = "x86_64") { 318 } else { 278 };
        let args: Vec<&str> = args.iter().map(String::as_str).collect();
        let mut command = ephaudit(&args);
        forbid(call, Vec::new(), Errno::IO);
        command.output().expect("it starts")
    });
    started.join().expect("it ran")
}

#[test]
fn a_panic_is_one_line_and_an_exit_code_of_the_contract() {
    for format in ["table", "json", "html", "status"] {
        let output = without_random_numbers(&["--format", format]);
        let said = stderr(&output);
        assert_eq!((code(&output), said.lines().count()), (4, 1), "{format}: {said}");
        assert!(said.starts_with("ephaudit: internal error at "), "{said}");
        assert!(said.ends_with("; please report it\n"), "{said}");
        assert!(output.stdout.is_empty(), "{}", stdout(&output));
    }
    let output = without_random_numbers(&["--format", "nagios"]);
    assert_eq!((code(&output), stderr(&output)), (3, String::new()));
    let said = stdout(&output);
    assert!(said.contains("UNKNOWN") && said.contains("internal error at "), "{said}");
    let output = without_random_numbers(&["--format=checkmk"]);
    assert_eq!((code(&output), stderr(&output)), (0, String::new()));
    let said = stdout(&output);
    assert!(said.starts_with("3 ") && said.contains("internal error at "), "{said}");
}
