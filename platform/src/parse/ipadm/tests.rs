//! The tests of parse/ipadm.rs.

use super::super::sysctl_text::tests::{damaged, host};
use super::*;

fn read(text: &str) -> Vec<String> {
    let show = |cell: &Cell| match cell {
        Cell::NotShown => "not shown".to_owned(),
        Cell::Unset => "unset".to_owned(),
        Cell::Value(text) => text.clone(),
    };
    let row = |r: &IpadmRow| {
        [r.line.to_string(), r.proto.clone(), r.property.clone()]
            .into_iter()
            .chain([&r.current, &r.persistent, &r.default].map(show))
            .collect::<Vec<_>>()
            .join(" ")
    };
    rows(text).map(|r| row(&r)).collect()
}

const HEADER: &str =
    "PROTO PROPERTY              PERM CURRENT      PERSISTENT   DEFAULT      POSSIBLE\n";

#[test]
fn names_have_hyphens_or_underscores() {
    assert_eq!(
        read(&host("solaris-11/ipadm.txt")),
        ["2 tcp smallest_anon_port 32768 unset 32768", "3 tcp largest_anon_port 65535 unset 65535",]
    );
    assert_eq!(
        read(&host("illumos-default/ipadm.txt")),
        [
            "3 tcp smallest_anon_port 32768 unset 32768",
            "4 tcp largest_anon_port 65535 unset 65535",
            "7 udp smallest_anon_port 32768 unset 32768",
            "8 udp largest_anon_port 65535 unset 65535",
        ]
    );
    assert_eq!(
        read(&host("solaris-11-oracle/ipadm.txt")),
        [
            "3 tcp smallest_anon_port 9000 9000 32768",
            "4 tcp largest_anon_port 65500 65500 65535",
            "7 udp smallest_anon_port 9000 9000 32768",
            "8 udp largest_anon_port 65500 65500 65535",
        ]
    );
    assert!(rows(&host("solaris-11-oracle/ipadm.txt")).all(|row| row.whole));
}

#[test]
fn any_width_indentation_and_order_of_columns_will_do() {
    for text in [
        "PROTO PROPERTY           PERM CURRENT PERSISTENT DEFAULT POSSIBLE\r\ntcp   smallest_anon_port rw   9000        --     32768   1024-65500\r\n",
        "  PROTO PROPERTY PERM CURRENT PERSISTENT DEFAULT POSSIBLE\n  tcp smallest_anon_port rw 9000 -- 32768 1024-65500\n",
        "PROTO\tPROPERTY\tPERM\tCURRENT\tPERSISTENT\tDEFAULT\tPOSSIBLE\n\ntcp\tsmallest_anon_port\trw\t9000\t--\t32768\t1024-65500",
        "DEFAULT PERSISTENT PROPERTY           CURRENT PROTO\n32768   --         smallest-anon-port 9000    tcp\n",
    ] {
        let rows = read(text);
        assert_eq!(rows.len(), 1, "{text:?}");
        assert!(rows[0].ends_with(" tcp smallest_anon_port 9000 unset 32768"), "{rows:?}");
    }
    let wide = format!(
        "{HEADER}tcp   a_name_that_is_wider_than_its_column rw 9000       --           32768        --\n"
    );
    assert_eq!(read(&wide), ["2 tcp a_name_that_is_wider_than_its_column 9000 unset 32768"]);
}

#[test]
fn a_list_goes_on_in_the_next_row() {
    let text = format!(
        "{HEADER}\
         tcp   extra_priv_ports      rw   2049,        --           2049,        1-65535\n\
         {:33}4045                       4045\n\
         tcp   smallest_anon_port    rw   32768        --           32768        1024-65535\n\
         {:33}1\n",
        "", ""
    );
    assert_eq!(
        read(&text),
        [
            "2 tcp extra_priv_ports 2049,4045 unset 2049,4045",
            "4 tcp smallest_anon_port 32768 unset 32768",
        ]
    );
}

#[test]
fn a_header_that_is_repeated_is_no_row() {
    let row = "tcp   smallest_anon_port    rw   ?            --           32768        --\n";
    assert_eq!(
        read(&format!("{HEADER}{row}{HEADER}{row}")),
        ["2 tcp smallest_anon_port ? unset 32768", "4 tcp smallest_anon_port ? unset 32768",]
    );
}

#[test]
fn the_parsable_form_is_read_only_if_it_names_what_it_is() {
    assert_eq!(
        read(&host("illumos-parsable/ipadm.txt")),
        [
            "2 tcp smallest_anon_port 32768 unset 32768",
            "3 tcp largest_anon_port 65535 unset 65535",
            "5 udp smallest_anon_port 9000 not shown not shown",
            "7 udp largest_anon_port 65500 not shown not shown",
        ]
    );
    assert_eq!(
        read(
            "$ ipadm show-prop -co current -p largest-anon-port,smallest-anon-port sctp\n65535\n32768\n$ exit\n"
        ),
        [
            "2 sctp largest_anon_port 65535 not shown not shown",
            "3 sctp smallest_anon_port 32768 not shown not shown",
        ]
    );
    assert_eq!(
        read("# ipadm show-prop -c -o property,current tcp\na:1\\:2\\\\\n"),
        ["2 tcp a 1:2\\ not shown not shown"]
    );
    for text in [
        "32768\n65535\n",
        "tcp:smallest_anon_port:32768\n",
        "# ipadm show-prop -c -o current -p smallest_anon_port\n32768\n",
        "# ipadm show-prop -c -o current tcp\n32768\n",
        "# ipadm show-prop -c -o current -p a,b tcp\n32768\n",
        "# ipadm show-prop -c -o current -p a tcp\n32768\n65535\n",
        "# ipadm show-prop -c -o current -p a ip\n32768\n",
        "# ipadm show-prop -c -o default -p a tcp\n32768\n",
        "# ipadm show-prop -o current -p a tcp\n32768\n",
        "# ipadm show-prop -c -o current -p a tcp | head\n32768\n",
        "# ipadm show-ifprop -c -o current -p a tcp\n32768\n",
        "# ipadm show-prop -c -o proto,property,current\ntcp:a\n",
    ] {
        assert_eq!(read(text), [""; 0], "{text:?}");
    }
}

#[test]
fn other_tables_and_lines_are_passed_over() {
    for text in [
        "CURRENT\n32768\n",
        "PROPERTY           CURRENT\nsmallest_anon_port 32768\n",
        "IFNAME PROPERTY PROTO PERM CURRENT PERSISTENT DEFAULT POSSIBLE\nnet0 mtu ipv4 rw 1500 -- 1500 68-1500\n",
        "PROTO PROPERTY CURRENT CURRENT\ntcp a 1 2\n",
        "tcp   smallest_anon_port    rw   32768        --           32768        1024-65535\n",
    ] {
        assert_eq!(read(text), [""; 0], "{text:?}");
    }
    for row in [
        "ipadm: unknown property",
        "# ipadm show-prop -p a tcp and so on",
        "tcp   smallest_anon_port    rw   32768        --           32768",
        "tcp   smallest_anon_port    rw   32768        --           32768        1024-65535 1",
        "TCP   smallest_anon_port    rw   32768        --           32768        1024-65535",
        "tcp   32768                 rw   32768        --           32768        1024-65535",
        "tcp   smallest\0anon_port   rw   32768        --           32768        1024-65535",
    ] {
        assert_eq!(read(&format!("{HEADER}{row}\n")), [""; 0], "{row:?}");
    }
}

#[test]
fn a_row_that_is_cut_in_a_value_is_marked() {
    let whole = |text: &str| rows(text).map(|row| row.whole).collect::<Vec<_>>();
    let row = "tcp   smallest_anon_port    rw   32768        --           32768        1024-6";
    assert_eq!(whole(&format!("{HEADER}{row}")), [true], "the cut is behind the values");
    assert_eq!(whole("PROTO PROPERTY CURRENT\ntcp a 327"), [false]);
    assert_eq!(whole("PROTO PROPERTY CURRENT\ntcp a 32768\n"), [true]);
    assert_eq!(whole("# ipadm show-prop -c -o current -p a tcp\n327"), [false]);
}

#[test]
fn damage_never_makes_a_value_that_is_not_in_the_text() {
    damaged(&["ipadm.txt"], |original, text| {
        let lines: Vec<&str> = text.split('\n').collect();
        let known: Vec<_> = original.into_iter().flat_map(rows).collect();
        for row in rows(text) {
            for cell in [&row.current, &row.persistent, &row.default] {
                let printed = |value: &str| {
                    value
                        .split_inclusive(',')
                        .all(|item| lines[row.line - 1..].iter().any(|line| line.contains(item)))
                };
                assert!(cell.value().is_none_or(printed), "{row:?}");
            }
            assert!(original.is_none() || !row.whole || known.contains(&row), "{row:?}");
        }
    });
}

#[test]
fn long_texts_take_linear_time() {
    let parsable = "# ipadm show-prop -c -o proto,property,current\n";
    for piece in ["a ", " ", ":", "\\", "tcp:a:1\n", "PROTO ", "\n", HEADER, parsable, "-c "] {
        let text = piece.repeat(50_000 / piece.len());
        assert_eq!(rows(&format!("{HEADER}{text}")).count(), 0);
        assert!(rows(&format!("{parsable}{text}")).count() <= 200_000);
    }
}
