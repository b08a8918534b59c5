//! The schemas in the tree are those that the program prints, so that a change of the contract is
//! in the diff of whoever makes it.

use std::{env, fs};

use crate::support::{KINDS, run};

#[test]
fn the_schemas_in_the_tree_are_current() {
    for kind in KINDS {
        let path = format!("{}/schema/{kind}.json", env!("CARGO_MANIFEST_DIR"));
        let printed = run(&["schema", kind]).stdout;
        if env::var_os("EPHAUDIT_BLESS").is_some() {
            fs::write(&path, &printed).expect("written");
        }
        let kept = fs::read(&path).unwrap_or_else(|error| panic!("{path}: {error}"));
        assert!(kept == printed, "schema/{kind}.json is not current: EPHAUDIT_BLESS=1 writes it");
    }
}
