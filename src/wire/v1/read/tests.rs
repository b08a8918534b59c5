use super::bounds;

fn refused(text: &str) -> String {
    bounds::check(text.as_bytes()).expect_err(&text[..text.len().min(80)])
}

#[test]
fn what_is_counted_is_counted_wherever_it_stands() {
    let items = |key: &str, item: &str, count: usize| {
        format!("{{\"a\":{{\"{key}\" : [{}{item}]}}}}", format!("{item},").repeat(count - 1))
    };
    for (key, most) in [("rules", 256), ("scopes", 10_000), ("gaps", 100_000), ("names", 100_000)] {
        for item in ["{}", "\"x\"", "[]", "0", "null", "{\"b\":[1,2,3]}"] {
            assert_eq!(bounds::check(items(key, item, most).as_bytes()), Ok(()), "{key} {item}");
            let why = refused(&items(key, item, most + 1));
            assert_eq!(why, format!("more than {most} {key}"), "{item}");
        }
    }
    // Those of two arrays together.
    let two = format!("[{},{}]", items("scopes", "1", 6000), items("scopes", "1", 6000));
    assert_eq!(refused(&two), "more than 10000 scopes");
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
    let tricky = format!("{{\"rule\":\"\\\"[[{{\\\\\", \"gaps\":[{}0]}}", "1,".repeat(100_000));
    assert_eq!(refused(&tricky), "more than 100000 gaps");
}

#[test]
fn what_grows_as_it_is_kept_or_written_is_counted_as_large_as_that() {
    assert!(refused(&"[".repeat(17)).contains("more than 16 deep"));
    let many = |item: &str, count| format!("{{\"a\":[{}0]}}", format!("{item},").repeat(count));
    // 24 bytes of a String and as many of the heap's, and 2 characters where DEL has 6.
    for item in ["\"\"", "\"\\\"\"", "[]", "{\"first\":1,\"last\":1}", "\"\u{7f}\u{7f}\u{7f}\""] {
        let most = 40 * 1024 * 1024 / item.len().min(8);
        assert!(refused(&many(item, most / 4)).contains("more than 40 MiB"), "{item}");
    }
}

#[test]
fn what_is_no_json_is_left_to_the_parser() {
    for text in ["", "\"", "\"\\", "]]}}", ",,,", ":", "{\"a", "nul", "\u{0}", "{]\"a\":}"] {
        assert_eq!(bounds::check(text.as_bytes()), Ok(()), "{text}");
    }
}
