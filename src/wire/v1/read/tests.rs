use super::bounds;

fn refused(text: &str) -> String {
    bounds::check(text.as_bytes()).expect_err(&text[..text.len().min(80)])
}

#[test]
fn what_is_counted_is_counted_wherever_it_stands() {
    let items = |key: &str, item: &str, count: usize| {
        format!("{{\"a\":{{\"{key}\" : [{}{item}]}}}}", format!("{item},").repeat(count - 1))
    };
    for (key, most) in
        [("rules", 256), ("scopes", 10_000), ("gaps", 50_000), ("names", 1024), ("b", 10_000)]
    {
        for item in ["{}", "\"x\"", "[]", "0", "null", "{\"b\":[1,2,3]}"] {
            assert_eq!(bounds::check(items(key, item, most).as_bytes()), Ok(()), "{key} {item}");
            let why = refused(&items(key, item, most + 1));
            let key = if key == "b" { "items in an array" } else { key };
            assert_eq!(why, format!("more than {most} {key}"), "{item}");
        }
    }
}

#[test]
fn no_text_is_longer_than_the_kernel_prints_one() {
    let text = |key: &str, length| format!("{{\"{key}\":\"{}\"}}", "a".repeat(length));
    assert_eq!(bounds::check(text("message", 256 * 1024).as_bytes()), Ok(()));
    assert!(refused(&text("message", 256 * 1024 + 1)).starts_with("a text of 262145 bytes"));
    assert!(refused(&text("rule", 65)).contains("where 64 are the most"));
    assert_eq!(refused(&format!("{{\"{}\":1}}", "k".repeat(65))), "a key of 65 bytes");
    assert!(refused("{\"g\\u0061ps\":[]}").contains("escape"));
    // A quote in it is no end of it, and a bracket begins nothing.
    let tricky = format!("{{\"rule\":\"\\\"[[{{\\\\\", \"gaps\":[{}0]}}", "1,".repeat(50_000));
    assert_eq!(refused(&tricky), "more than 50000 gaps");
}

#[test]
fn what_grows_as_it_is_kept_is_counted_as_large_as_that() {
    assert!(refused(&"[".repeat(17)).contains("more than 16 deep"));
    let line = |item: &str| format!("{{\"a\":[{}0]}},", format!("{item},").repeat(9_000));
    let many = |item: &str, lines: usize| format!("[{}0]", line(item).repeat(lines));
    // 24 bytes of a String, and 32 of the heap's where it is not empty.
    for item in ["\"\"", "\"a\"", "[]"] {
        assert_eq!(bounds::check(many(item, 50).as_bytes()), Ok(()), "{item}");
        assert!(refused(&many(item, 200)).contains("many times its length"), "{item}");
    }
    let finding = |size| {
        format!(
            "{{\"findings\":[{{\"evidence\":[{}0]}}]}}",
            format!("\"{}\",", "a".repeat(9_000)).repeat(size)
        )
    };
    assert_eq!(bounds::check(finding(100).as_bytes()), Ok(()));
    assert_eq!(refused(&finding(120)), "a finding of more than 1048576 bytes");
}

#[test]
fn what_is_no_json_is_left_to_the_parser() {
    for text in ["", "\"", "\"\\", "]]}}", ",,,", ":", "{\"a", "nul", "\u{0}", "{]\"a\":}"] {
        assert_eq!(bounds::check(text.as_bytes()), Ok(()), "{text}");
    }
}

#[test]
fn a_text_that_is_cut_off_is_called_so() {
    let why = super::read(br#"{"schema_version": "1.1", "tool": "#).expect_err("half a report");
    assert_eq!(why, "it is not a report: it is cut off at its end");
}
