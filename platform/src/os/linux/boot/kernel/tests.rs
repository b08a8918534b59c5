use super::*;

/// What reading gives after one write to a fresh kernel, or the word of the refusal.
fn after(key: Key, text: &str) -> String {
    let mut sysctls = Sysctls::default();
    match sysctls.write(key, text.as_bytes(), true) {
        Write::Took(_) => sysctls.value(key).unwrap_or_default(),
        Write::Refused(refused) => refused.rejection.name().to_owned(),
        Write::Unsure(_) => "unsure".to_owned(),
    }
}

fn all(key: Key, cases: &[(&str, &str)]) {
    for (text, expected) in cases {
        assert_eq!(after(key, text), *expected, "{text:?}");
    }
}

#[test]
fn a_range_is_two_numbers_or_one() {
    all(
        Key::PortRange,
        &[
            ("10000 20000\n", "10000\t20000"),
            ("10000\t20000", "10000\t20000"),
            ("30000\n", "30000\t60999"),
            ("61000\n", "invalid"),
            ("02000 03000\n", "1024\t1536"),
            ("0x1000 0X2000\n", "4096\t8192"),
            ("10011 20010 # comment\n", "10011\t20010"),
            ("10011 20010# comment\n", "invalid"),
            ("10000,20000\n", "invalid"),
            ("40000 30000\n", "invalid"),
            ("1 65536\n", "invalid"),
            ("0 100\n", "invalid"),
            ("1023 65535\n", "order"),
            ("\"10000 20000\"\n", "quoted-value"),
            ("\n", "invalid"),
            ("00000000000000002000 3000\n", "1024\t3000"),
            ("000000000000000002000 3000\n", "invalid"),
        ],
    );
}

#[test]
fn a_list_takes_no_blank_and_no_empty_item() {
    all(
        Key::ReservedPorts,
        &[
            ("\n", ""),
            ("1-3,2-5,6\n", "1-6"),
            ("8080,\n", "8080"),
            ("8080, 9000\n", "space-in-list"),
            ("8080,,81\n", "invalid"),
            ("0x50,010\n", "8,80"),
            ("65536\n", "invalid"),
            ("3-1\n", "invalid"),
            ("-3\n", "invalid"),
            ("-0\n", "invalid"),
            ("1-2-3\n", "invalid"),
            ("1\n2\n", "1-2"),
            ("'1'\n", "quoted-value"),
        ],
    );
}

#[test]
fn a_long_list_is_taken_up_to_an_item_that_is_whole() {
    let ports: Vec<String> = (0..700).map(|port| (10_000 + 2 * port).to_string()).collect();
    let text = ports.join(",") + "\n";
    let mut sysctls = Sysctls::default();
    assert_eq!(sysctls.write(Key::ReservedPorts, text.as_bytes(), true), Write::Took(4092));
    let rest = &text.as_bytes()[4092..];
    assert_eq!(sysctls.write(Key::ReservedPorts, rest, false), Write::Took(rest.len()));
    assert_eq!(sysctls.value(Key::ReservedPorts).map(|list| list + "\n"), Some(text));
}

#[test]
fn numbers_have_their_bounds() {
    all(Key::TwReuse, &[("2\n", "2"), ("3\n", "invalid"), ("-0\n", "invalid"), ("1 x\n", "1")]);
    all(Key::MaxTwBuckets, &[("-5\n", "-5"), ("2147483648\n", "invalid"), ("1x\n", "invalid")]);
    all(
        Key::FinTimeout,
        &[
            ("010\n", "8"),
            ("08\n", "invalid"),
            ("2147483\n", "2147483"),
            ("8589934\n", "unsure"),
            ("21474837\n", "invalid"),
        ],
    );
    all(
        Key::UnprivilegedStart,
        &[("0\n", "0"), ("32768\n", "32768"), ("32769\n", "order"), ("65536\n", "invalid")],
    );
}
