//! The view for people, held against what it was: fixtures/reports/tables, made again where
//! EPHAUDIT_BLESS is set.

use std::fmt::Write as _;
use std::{env, fs};

use super::reports;
use crate::support::{code, ephaudit, stdout};

const WIDTHS: [&str; 3] = ["40", "80", "200"];
/// The reports that are long are seen in the other formats.
const SHOWN: [&str; 6] = ["compliant", "facts", "findings", "undetermined", "waived", "windows"];

#[test]
fn the_table_looks_as_it_did_at_every_width_in_colour_and_without() {
    let folder = format!("{}/fixtures/reports/tables", env!("CARGO_MANIFEST_DIR"));
    for (name, path) in reports().into_iter().filter(|(name, _)| SHOWN.contains(&&**name)) {
        let mut views = String::new();
        for width in WIDTHS {
            for color in ["never", "always"] {
                for ascii in [&[][..], &["--ascii"]] {
                    let path = path.to_str().expect("UTF-8");
                    let args = [&["convert", path, "--color", color], ascii].concat();
                    let mut command = ephaudit(&args);
                    let output = command.env("COLUMNS", width).output().expect("it runs");
                    assert_eq!(code(&output), 0);
                    // An escape character would colour whatever shows the file.
                    let text = stdout(&output).replace('\u{1b}', "\\e");
                    let ascii = if ascii.is_empty() { "" } else { ", ASCII" };
                    writeln!(views, "=== {width} columns, colour {color}{ascii}\n{text}")
                        .expect("a string");
                }
            }
        }
        let known = format!("{folder}/{name}.txt");
        if env::var_os("EPHAUDIT_BLESS").is_some() {
            fs::create_dir_all(&folder).expect("a folder");
            fs::write(&known, &views).expect("written");
        }
        let before = fs::read_to_string(&known).expect("a view");
        let differs = before.lines().zip(views.lines()).find(|(was, is)| was != is);
        assert!(before == views, "{known}: {differs:?}; EPHAUDIT_BLESS=1 takes the new one");
    }
}
