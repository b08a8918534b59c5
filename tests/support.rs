//! What the tests share: the program and its documents.

pub(crate) mod evidence;
pub(crate) mod settle;

use std::process::{Command, Output};
use std::sync::OnceLock;

use serde_json::Value;

/// The program, with an environment that changes nothing.
pub(crate) fn ephaudit(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ephaudit"));
    command.args(args).env_clear().env("LANG", "C.UTF-8");
    command
}

/// What it printed and how it ended.
pub(crate) fn run(args: &[&str]) -> Output {
    ephaudit(args).output().expect("the program starts")
}

/// Its exit code.
pub(crate) fn code(output: &Output) -> i32 {
    output.status.code().expect("it ended by itself")
}

/// Its standard output.
pub(crate) fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).expect("UTF-8")
}

/// Its standard error.
pub(crate) fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).expect("UTF-8")
}

/// The usual error: one line, its prefix, the exit code.
pub(crate) fn complains(args: &[&str], expected: i32, words: &str) {
    let output = run(args);
    assert_eq!(code(&output), expected, "{args:?}: {}", stderr(&output));
    assert!(output.stdout.is_empty(), "{args:?}");
    let said = stderr(&output);
    assert!(said.contains(words), "{args:?}: {said}");
    assert_eq!(said.lines().count(), 1, "{said}");
    assert!(said.starts_with("ephaudit: "), "{said}");
}

/// Its JSON, held against its own schema, with the exit code.
pub(crate) fn json(args: &[&str]) -> (Value, i32) {
    let args = [args, &["--format", "json"]].concat();
    let output = run(&args);
    let document: Value = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|error| panic!("{error}: {}{}", stdout(&output), stderr(&output)));
    assert_valid(&document);
    (document, code(&output))
}

/// Holds a document against the schema of its kind.
pub(crate) fn assert_valid(document: &Value) {
    static SCHEMAS: OnceLock<[jsonschema::Validator; KINDS.len()]> = OnceLock::new();
    let schemas = SCHEMAS.get_or_init(|| {
        KINDS.map(|kind| {
            let schema = serde_json::from_slice(&run(&["schema", kind]).stdout).expect("JSON");
            jsonschema::draft202012::new(&schema).expect("a schema")
        })
    });
    let kind = document.get("kind").and_then(Value::as_str).unwrap_or("report");
    let at = KINDS.iter().position(|known| *known == kind).expect("a kind of document");
    let errors: Vec<String> = schemas[at]
        .iter_errors(document)
        .map(|error| format!("{}: {error}", error.instance_path))
        .collect();
    assert!(errors.is_empty(), "{errors:#?}");
}

/// The documents that `ephaudit schema` tells of.
pub(crate) const KINDS: [&str; 8] =
    ["report", "explanation", "plan", "probe", "rules", "fleet", "fleet-diff", "fleet-host"];

/// The spans of an array of `{first, last}`.
pub(crate) fn spans(value: &Value) -> Vec<(u16, u16)> {
    let port = |span: &Value, end: &str| {
        span[end].as_u64().and_then(|port| u16::try_from(port).ok()).expect("a port")
    };
    let spans = value.as_array().expect("spans");
    spans.iter().map(|span| (port(span, "first"), port(span, "last"))).collect()
}
