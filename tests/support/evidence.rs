//! Captured evidence through the program, and what its document says.

use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::{Output, Stdio};

use serde_json::Value;
use toml::Table;

use super::{assert_valid, ephaudit, run, stderr, stdout};

/// `show` of these files.
pub(crate) fn shown(files: &[String], os: Option<&str>) -> Output {
    let mut args = vec!["show", "--format", "json", "--from"];
    args.extend(files.iter().map(String::as_str));
    args.extend(os.into_iter().flat_map(|os| ["--os", os]));
    run(&args)
}

/// The program with the text as its evidence.
pub(crate) fn from_stdin(text: impl AsRef<[u8]>, args: &[&str]) -> Output {
    let mut child = ephaudit(args)
        .args(["--from", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("it starts");
    // It may refuse before it has read all.
    let _ = child.stdin.take().expect("a pipe").write_all(text.as_ref());
    child.wait_with_output().expect("it ends")
}

/// What it printed, held against the schema.
pub(crate) fn document(output: &Output) -> Value {
    let document = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|error| panic!("{error}: {}{}", stdout(output), stderr(output)));
    assert_valid(&document);
    document
}

/// The evidence of `fixtures/hosts/NAME`, and the system it is of.
pub(crate) fn fixture(name: &str) -> (String, String) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/hosts").join(name);
    let capture = fs::read_to_string(folder.join("capture.toml")).expect("capture.toml");
    let capture: Table = capture.parse().expect("TOML");
    let mut files =
        fs::read_dir(&folder).expect("files").map(|entry| entry.expect("an entry").path());
    let file = files.find(|file| file.extension().is_some_and(|ending| ending != "toml"));
    let os = capture["os"].as_str().expect("os").to_owned();
    (file.expect("evidence").display().to_string(), os)
}

/// The facts of `fixtures/hosts/NAME`.
pub(crate) fn host(name: &str) -> Value {
    let (file, os) = fixture(name);
    document(&shown(&[file], Some(&os)))
}

/// The facts of a text of that system.
pub(crate) fn told(os: &str, text: impl AsRef<[u8]>) -> Value {
    document(&from_stdin(text, &["show", "--format", "json", "--os", os]))
}

/// The range of a role, transport and family, as the document has it.
pub(crate) fn range_of<'a>(
    document: &'a Value,
    role: &str,
    transport: &str,
    family: &str,
) -> &'a Value {
    let has = |range: &Value, key: &str, wanted: &str| {
        range[key].as_array().is_some_and(|words| words.iter().any(|word| word == wanted))
    };
    let ranges = document["scopes"][0]["ranges"].as_array().expect("ranges");
    ranges
        .iter()
        .find(|r| {
            r["role"] == role && has(r, "transports", transport) && has(r, "families", family)
        })
        .unwrap_or_else(|| panic!("no {role} range of {transport} and {family}: {ranges:#?}"))
}

/// The ephemeral range of a transport and family.
pub(crate) fn range<'a>(document: &'a Value, transport: &str, family: &str) -> &'a Value {
    range_of(document, "ephemeral", transport, family)
}

/// Its two numbers; -1 where one is not known.
pub(crate) fn bounds(range: &Value) -> (i64, i64) {
    (range["first"].as_i64().unwrap_or(-1), range["last"].as_i64().unwrap_or(-1))
}
