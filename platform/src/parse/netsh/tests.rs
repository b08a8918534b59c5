//! The tests of parse/netsh.rs.

use std::collections::HashSet;
use std::fs;
use std::path::Path;

use super::numbers::COLONS;
use super::*;

const DYNAMIC: &str = "\r\nProtocol tcp Dynamic Port Range\r\n---------------------------------\r\n\
    Start Port      : 49152\r\nNumber of Ports : 16384\r\n\r\n";
const EXCLUDED: &str = "\r\nProtocol tcp Port Exclusion Ranges\r\n\r\nStart Port    End Port      \r\n\
    ----------    --------      \r\n      5357        5357      \r\n     50000       50059     *\r\n\
    \r\n* - Administered port exclusions.\r\n\r\n";

/// A table that is whole.
#[derive(Debug, PartialEq, Eq)]
struct Section {
    line: usize,
    transport: Option<Transport>,
    family: Option<Family>,
    store: Option<Store>,
    table: Table,
}

/// The tables of a text in which each is whole, or the first damage.
fn sections(bytes: &[u8]) -> Result<Vec<Section>, Damage> {
    let sections = super::sections(bytes)?.into_iter().map(|section| {
        let super::Section { line, transport, family, store, table, more, .. } = section;
        more.map_or(Ok(Section { line, transport, family, store, table: table? }), Err)
    });
    sections.collect()
}

/// `(start, count)` of each dynamic range.
fn ranges(text: impl AsRef<[u8]>) -> Result<Vec<(u32, u32)>, Damage> {
    let dynamic = |section: Section| match section.table {
        Table::DynamicPort { start, count } => Some((start, count)),
        Table::ExcludedPorts(_) => None,
    };
    Ok(sections(text.as_ref())?.into_iter().filter_map(dynamic).collect())
}

/// The rows of each exclusion list, as `first-last` with a `*` if administered.
fn lists(text: impl AsRef<[u8]>) -> Result<Vec<Vec<String>>, Damage> {
    let list = |section: Section| match section.table {
        Table::ExcludedPorts(rows) => Some(rows.into_iter().map(written).collect()),
        Table::DynamicPort { .. } => None,
    };
    Ok(sections(text.as_ref())?.into_iter().filter_map(list).collect())
}

fn written(row: Excluded) -> String {
    let mark = if row.administered { "*" } else { "" };
    format!("{}-{}{mark}", row.range.first(), row.range.last())
}

fn damaged_at(line: usize, text: impl AsRef<[u8]>) {
    let shown = String::from_utf8_lossy(text.as_ref()).into_owned();
    let error = sections(text.as_ref()).expect_err(&shown);
    assert_eq!(error.line, line, "{error} in {shown:?}");
    assert!(!error.to_string().contains('\n'));
}

/// One section's key and value as capture.toml has them.
fn expectation(section: &Section) -> (&'static str, String) {
    let transport = section.transport.map_or("unknown", Transport::name);
    let key = match section.family {
        Some(Family::Ipv4) => format!("ipv4-{transport}"),
        Some(Family::Ipv6) => format!("ipv6-{transport}"),
        None => transport.to_owned(),
    };
    match &section.table {
        Table::DynamicPort { start, count } => {
            ("[expect.dynamic]", format!("{key} = [{start}, {count}]"))
        }
        Table::ExcludedPorts(rows) => {
            let rows: Vec<_> = rows.iter().map(|row| format!("\"{}\"", written(*row))).collect();
            ("[expect.excluded]", format!("{key} = [{}]", rows.join(", ")))
        }
    }
}

/// Each captured file of a Windows host, with its capture.toml.
pub(crate) fn fixtures(file: &str) -> Vec<(String, Vec<u8>, String)> {
    let hosts = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures/hosts");
    let mut fixtures = Vec::new();
    for host in fs::read_dir(hosts).expect("fixtures/hosts") {
        let host = host.expect("a folder");
        let name = host.file_name().into_string().expect("UTF-8");
        let path = host.path().join(file);
        if name.starts_with("windows-") && path.exists() {
            let toml = fs::read_to_string(host.path().join("capture.toml")).expect(&name);
            fixtures.push((name, fs::read(path).expect("readable"), toml));
        }
    }
    fixtures.sort();
    fixtures
}

/// The lines of one table of a capture.toml.
pub(crate) fn expected(toml: &str, table: &str) -> Vec<String> {
    let lines = toml.lines().skip_while(|line| *line != table).skip(1);
    lines.take_while(|line| !line.is_empty()).map(str::to_owned).collect()
}

/// Every number that stands in the text.
pub(crate) fn numbers_in(bytes: &[u8]) -> HashSet<u32> {
    let text = decoded(bytes);
    let runs = text.split(|byte| !byte.is_ascii_digit());
    runs.filter_map(|run| std::str::from_utf8(run).ok()?.parse().ok()).collect()
}

/// Every offset of a small text, every few of a larger one; both halves of a UTF-16 unit in any
/// case.
pub(crate) fn offsets(bytes: &[u8]) -> impl Iterator<Item = usize> {
    (0..bytes.len()).step_by((bytes.len() / 4096) * 2 + 1)
}

/// The text with one byte at each of its `offsets` replaced, removed or doubled, at random but
/// alike in every run.
pub(crate) fn mutants(bytes: &[u8], mut check: impl FnMut(&[u8])) {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut random = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()[2]
    };
    for offset in offsets(bytes) {
        let mut mutant = bytes.to_vec();
        match random() % 4 {
            0 => mutant[offset] = random(),
            1 => mutant[offset] = b"0123456789-*: \r\n\0\xff"[usize::from(random()) % 18],
            2 => drop(mutant.remove(offset)),
            _ => mutant.insert(offset, bytes[offset]),
        }
        check(&mutant);
    }
}

#[test]
fn every_language_and_code_page_is_read() {
    let fixtures = fixtures("netsh.txt");
    assert!(fixtures.len() >= 18, "{}", fixtures.len());
    for (name, bytes, toml) in fixtures {
        let sections = sections(&bytes).expect(&name);
        for table in ["[expect.dynamic]", "[expect.excluded]"] {
            let read = sections.iter().map(expectation).filter(|(kind, _)| *kind == table);
            let read: Vec<String> = read.map(|(_, line)| line).collect();
            assert_eq!(read, expected(&toml, table), "{name}");
        }
    }
}

#[test]
fn the_second_number_is_a_count_in_one_table_and_an_end_in_the_other() {
    let text = format!("{DYNAMIC}{EXCLUDED}");
    assert_eq!(ranges(&text), Ok(vec![(49152, 16384)]));
    assert_eq!(lists(&text), Ok(vec![vec!["5357-5357".into(), "50000-50059*".into()]]));
    assert_eq!(
        ranges(DYNAMIC.replace("49152", "1024").replace("16384", "64512")),
        Ok(vec![(1024, 64512)])
    );
    damaged_at(5, DYNAMIC.replace("16384", "16385"));
    damaged_at(5, DYNAMIC.replace("16384", "65535"));
    damaged_at(6, EXCLUDED.replace("5357      \r", "5356      \r"));
}

#[test]
fn the_range_that_hyper_v_leaves_is_not_mended_to_the_default() {
    let text = DYNAMIC.replace("49152", "1024").replace("16384", "13977");
    assert_eq!(ranges(text), Ok(vec![(1024, 13977)]));
}

#[test]
fn error_text_on_stdout_is_no_table() {
    for text in [
        "",
        "\r\n",
        "The system cannot find the file specified.\r\n\r\n",
        "The requested operation requires elevation (Run as administrator).\r\n",
        "The following command was not found: int ipv4 show dynamicport tcp.\r\n",
        "Ok.\r\n\r\n",
        "Protocol tcp Dynamic Port Range\r\n",
        "C:\\>netsh int ipv4 show dynamicport tcp\r\nElement not found.\r\n",
        "49152 16384\r\n",
        "Start Port : 49152\r\nNumber of Ports : 16384\r\n",
        "      5357        5357      \r\n",
    ] {
        assert_eq!(sections(text.as_bytes()), Ok(vec![]), "{text:?}");
    }
}

#[test]
fn wines_silent_netsh_gives_nothing() {
    assert_eq!(sections(b""), Ok(vec![]));
}

#[test]
fn a_number_that_is_none_is_an_error_and_no_default() {
    for number in [
        "-1",
        "+1",
        "0",
        "049152",
        "99999999999999999999",
        "4294967296",
        "49 152",
        "49152x",
        "49.152",
        "0xC000",
    ] {
        damaged_at(4, DYNAMIC.replace("49152", number));
    }
    for number in ["0", "-16384", "65536", "4294967295", "16384 *", "16384, 5"] {
        damaged_at(5, DYNAMIC.replace("16384", number));
    }
    for number in ["", "n/a", "４９１５２"] {
        damaged_at(4, DYNAMIC.replace("49152", number));
    }
    for row in [
        "-5 10",
        "5",
        "5357",
        "65535 65536",
        "123456 123457",
        "5 6 7",
        "5 6 **",
        "5 6*7",
        "05 06",
        "5-6",
        "5,6",
    ] {
        damaged_at(6, EXCLUDED.replace("      5357        5357      ", row));
    }
}

#[test]
fn one_number_is_an_error() {
    damaged_at(4, DYNAMIC.replace("Number of Ports : 16384\r\n", ""));
    damaged_at(4, DYNAMIC.replace("Start Port      : 49152\r\n", ""));
}

#[test]
fn the_two_numbers_never_fuse_over_the_line_end() {
    damaged_at(5, DYNAMIC.replace("Number of Ports : ", ""));
    assert_eq!(ranges(DYNAMIC.replace("Number of Ports : ", ": ")), Ok(vec![(49152, 16384)]));
}

#[test]
fn line_ends_may_be_lf_crlf_or_crcrlf() {
    let text = format!("{DYNAMIC}{EXCLUDED}");
    let whole = sections(text.as_bytes()).expect("a table");
    for end in ["\n", "\r\r\n", " \t\r\n"] {
        assert_eq!(sections(text.replace("\r\n", end).as_bytes()).as_ref(), Ok(&whole));
    }
    // A lone CR ends no line: the table is then not there.
    assert_eq!(sections(text.replace("\r\n", "\r").as_bytes()), Ok(vec![]));
}

#[test]
fn the_colon_may_be_full_width_in_any_code_page_and_without_blanks() {
    for colon in COLONS {
        for (before, after) in [(" ", " "), ("", " "), ("", ""), ("  ", "\t")] {
            let colon = [before.as_bytes(), colon, after.as_bytes()].concat();
            let mut text = Vec::new();
            for part in DYNAMIC.as_bytes().split(|byte| *byte == b':') {
                text.extend([part.trim_ascii_start(), &colon].concat());
            }
            text.truncate(text.len() - colon.len());
            text.push(b'\n');
            assert_eq!(ranges(&text), Ok(vec![(49152, 16384)]), "{colon:?}");
        }
    }
}

#[test]
fn a_byte_order_mark_and_utf16_are_understood() {
    let text = format!("{DYNAMIC}{EXCLUDED}");
    let whole = sections(text.as_bytes()).expect("a table");
    let units = || format!("\u{feff}{text}").encode_utf16().collect::<Vec<u16>>();
    let little: Vec<u8> = units().into_iter().flat_map(u16::to_le_bytes).collect();
    let big: Vec<u8> = units().into_iter().flat_map(u16::to_be_bytes).collect();
    for bytes in [format!("\u{feff}{text}").as_bytes(), &little, &big] {
        assert_eq!(sections(bytes).as_ref(), Ok(&whole));
    }
    // Lone surrogates and half a unit.
    assert_eq!(sections(&[0xff, 0xfe, 0, 0xd8, 0, 0xdc, 10]), Ok(vec![]));
}

#[test]
fn an_empty_list_is_known_only_with_its_footer() {
    let empty =
        EXCLUDED.replace("      5357        5357      \r\n     50000       50059     *\r\n", "");
    assert_eq!(lists(&empty), Ok(vec![vec![]]));
    assert_eq!(lists(empty.replace("-      \r\n\r\n*", "-\r\n*")), Ok(vec![vec![]]));
    let (table, _) = empty.split_once('*').expect("a footer");
    damaged_at(6, table);
    damaged_at(7, format!("{table}C:\\>\r\n"));
    damaged_at(5, table.trim_end().to_owned() + "\r\n");
    damaged_at(6, table.trim_end().to_owned() + "\r\nAccess is denied.\r\n");
}

#[test]
fn a_footer_is_not_asked_for_where_there_are_rows() {
    let rows = ["5357-5357".to_owned(), "50000-50059*".to_owned()];
    for footer in ["— управляемые исключения портов.", "C:\\>", "\r\n\r\n\r\n* x", ""]
    {
        let text = EXCLUDED.replace("* - Administered port exclusions.", footer);
        assert_eq!(lists(&text), Ok(vec![rows.to_vec()]), "{text:?}");
    }
    damaged_at(8, EXCLUDED.replace("\r\n\r\n* - Adm", "\r\nAdm"));
}

#[test]
fn a_double_spaced_list_is_whole_with_its_footer_alone() {
    let rows = ["5357-5357".to_owned(), "50000-50059*".to_owned()];
    let spaced = EXCLUDED.replace("\r\n", "\r\n\r\n");
    assert_eq!(lists(&spaced), Ok(vec![rows.to_vec()]));
    damaged_at(13, spaced.replace("* - Adm", "Adm"));
    assert_eq!(lists(EXCLUDED.replace("-      \r\n ", "-\r\n\r\n ")), Ok(vec![rows.to_vec()]));
}

/// The rows that are certain of a list, and the line from which on it is not.
fn part(text: &str) -> (Vec<String>, Option<usize>) {
    let section = super::sections(text.as_bytes()).expect("sections").remove(0);
    let Ok(Table::ExcludedPorts(rows)) = section.table else { panic!("{:?}", section.table) };
    (rows.into_iter().map(written).collect(), section.more.map(|damage| damage.line))
}

#[test]
fn of_a_damaged_list_the_whole_rows_are_certain() {
    let rows = |rows: &[&str]| rows.iter().map(|row| (*row).to_owned()).collect::<Vec<_>>();
    let both = rows(&["5357-5357", "50000-50059*"]);
    let (cut, _) = EXCLUDED.split_once("\r\n\r\n*").expect("a footer");
    assert_eq!(part(&format!("{cut}\r\n")), (both.clone(), Some(7)), "more may follow");
    assert_eq!(part(cut), (rows(&["5357-5357"]), Some(7)), "its star may be missing");
    for dots in ["......", "      ...", "\u{2026}"] {
        assert_eq!(part(&format!("{cut}\r\n{dots}\r\n")), (both.clone(), Some(8)), "{dots}");
    }
    let note = EXCLUDED.replace("5357      \r", "5357   <-- 3210 of ours\r");
    assert_eq!(part(&note), (both.clone(), None), "a note is none of the table");
    let odd = EXCLUDED.replace("5357      \r", "5357 17\r");
    assert_eq!(part(&odd), (rows(&["50000-50059*"]), Some(6)));
    let next = format!("{cut}\r\nC:\\>netsh int ipv4 show dynamicport tcp\r\n");
    assert_eq!(part(&next), (both, None), "the next command ends it");
}

#[test]
fn one_damaged_table_leaves_the_others_as_they_are() {
    let text = format!("{}{DYNAMIC}", EXCLUDED.replace("50059", "x"));
    let read = super::sections(text.as_bytes()).expect("sections");
    assert_eq!(read.len(), 2);
    assert_eq!((read[0].kind, read[0].more.is_some()), (Kind::ExcludedPorts, true));
    assert_eq!(read[1].table, Ok(Table::DynamicPort { start: 49152, count: 16384 }));
}

#[test]
fn a_range_is_known_without_its_title_its_rule_or_its_last_line_end() {
    let command = "C:\\>netsh int ipv4 show dynamicport tcp\r\n";
    let (title, rule) = ("Protocol tcp Dynamic Port Range\r\n", "-".repeat(33) + "\r\n");
    let known = Ok(vec![(49152, 16384)]);
    for text in [
        format!("{command}{}", DYNAMIC.replace(title, "")),
        format!("{command}{}", DYNAMIC.replace(&rule, "")),
        format!("{command}{}", DYNAMIC.replace(title, "").replace(&rule, "")),
        DYNAMIC.replace(&rule, ""),
        DYNAMIC.trim_end().to_owned(),
        DYNAMIC.replace("16384", "16384   <- ours"),
        DYNAMIC.replace("\r\n", "\r\n\r\n"),
    ] {
        let read = super::sections(text.as_bytes()).expect("sections");
        assert_eq!(read.len(), 1, "{text:?}");
        assert_eq!(read[0].transport, Some(Transport::Tcp), "{text:?}");
        assert_eq!(ranges(&text), known, "{text:?}");
    }
    damaged_at(5, DYNAMIC.trim_end().replace("16384", "1638"));
    let sysctls = "$ sysctl net.inet.tcp.sendspace\nnet.inet.tcp.sendspace: 32768\nnet.inet.tcp.recvspace: 32768\n";
    let options = "the tcp options\nfirst: 32768\nsecond: 32768\n";
    for text in [sysctls, options] {
        assert_eq!(super::sections(text.as_bytes()), Ok(vec![]), "{text}");
    }
}

#[test]
fn the_star_may_stand_anywhere_behind_the_numbers() {
    for row in ["5 6*", "5\t6\t*", "   5  6     *   "] {
        let text = EXCLUDED.replace("      5357        5357      ", row);
        assert_eq!(lists(text).expect("rows")[0][0], "5-6*", "{row}");
    }
}

#[test]
fn other_commands_tables_are_passed_over() {
    for text in [
        // netsh interface ipv4 show udpstats
        "UDP Statistics\r\n--------------------\r\nIn Datagrams:      1234\r\nIn Invalid Port:   12\r\nIn Erroneous Datagrams: 0\r\n\r\n",
        // netsh interface tcp show global
        "TCP Global Parameters\r\n----------------\r\nReceive-Side Scaling State : enabled\r\nInitial RTO : 1000\r\nx : 5\r\n\r\n",
        // netsh interface ipv4 show global
        "General Global Parameters\r\n-----------\r\nDefault Hop Limit  : 128 hops\r\nNeighbor Cache Limit : 256 entries\r\n",
        // Get-NetUDPSetting | Format-Table: would be an exclusion of 1024-13977
        "\r\nDynamicPortRangeStartPort DynamicPortRangeNumberOfPorts\r\n------------------------- -----------------------------\r\n\
         \x20                    1024                         13977\r\n\r\n\r\n",
        // netsh interface tcp show heuristics
        "TCP Window Scaling heuristics Parameters\r\n---------\r\nWindow Scaling heuristics : disabled\r\nQualifying Destination Threshold : 3\r\nProfile type unknown : normal\r\n\r\n",
        // netsh interface tcp show supplemental, in German
        "Globale TCP-Standardvorlage: custom\r\n\r\nZus\u{e4}tzliche TCP-Parameter\r\n---------\r\nMindest-RTO (ms) : 20\r\nAnf\u{e4}ngliches Fenster (MSS) : 10\r\nAnbieter : dctcp\r\n\r\n",
        // netsh interface portproxy show v4tov4
        "Listen on ipv4:             Connect to ipv4:\r\n\r\nAddress         Port        Address         Port\r\n--------------- ----------  --------------- ----------\r\n0.0.0.0         30000       172.23.188.236  30000\r\n\r\n",
        "Name   Value\r\n----   -----\r\n\r\n\r\n",
        "Idx     Met         MTU          State                Name\r\n---  ----------  ----------  ------------  -----\r\n  1   75  5  connected  x\r\n",
        "------\r\n\r\n------\r\n------\r\n",
    ] {
        assert_eq!(sections(text.as_bytes()), Ok(vec![]), "{text:?}");
        let both = format!("{text}{DYNAMIC}{text}{EXCLUDED}{text}");
        let tables = sections(both.as_bytes()).expect(&both);
        assert_eq!(tables.len(), 2, "{both:?}");
        assert!(tables.iter().all(|table| table.transport == Some(Transport::Tcp)));
    }
}

#[test]
fn the_transport_is_the_word_in_the_title() {
    let of = |text: &str| sections(text.as_bytes()).expect(text)[0].transport;
    for (title, transport) in [
        ("Protocol udp Dynamic Port Range", Some(Transport::Udp)),
        ("Portbereich für das Protokoll \"tcp\"", Some(Transport::Tcp)),
        ("TCP Statistics", None),
        ("协议udp动态端口范围", Some(Transport::Udp)),
        ("tcp udp", None),
        ("tcpip udp6", None),
        ("", None),
    ] {
        assert_eq!(
            of(&DYNAMIC.replace("Protocol tcp Dynamic Port Range", title)),
            transport,
            "{title}"
        );
        assert_eq!(
            of(&EXCLUDED.replace("Protocol tcp Port Exclusion Ranges", title)),
            transport,
            "{title}"
        );
    }
}

#[test]
fn family_and_store_come_from_the_command_line_only() {
    let under = |line: &str, table: &str| {
        let text = format!("{line}\r\n{table}");
        let section = sections(text.as_bytes()).expect(&text).remove(0);
        (section.family, section.transport, section.store)
    };
    let (v4, v6) = (Some(Family::Ipv4), Some(Family::Ipv6));
    let tcp = Some(Transport::Tcp);
    for (line, family, store) in [
        ("C:\\> netsh interface ipv4 show dynamicport tcp", v4, None),
        ("netsh int ipv6 show dynamicport tcp", v6, None),
        ("netsh interface ipv4>show dynamicport tcp", v4, None),
        ("PS C:\\tcp> & \"$env:SystemRoot\\System32\\NETSH.EXE\" int IPv6 sh dyn TCP", v6, None),
        (
            "C:\\udp\\ipv4>netsh int ipv6 show excludedportrange protocol=tcp store=active",
            v6,
            Some(Store::Active),
        ),
        ("netsh int ipv4 show excludedportrange tcp persistent", v4, Some(Store::Persistent)),
        ("netsh int ipv4 show dynamicport tcp & netsh int ipv6 show dynamicport tcp", None, None),
        ("C:\\>ver", None, None),
        ("The IPv6 range, store=active:", None, None),
        ("netshell int ipv6", None, None),
    ] {
        let (own, other) =
            if line.contains("excl") { (EXCLUDED, DYNAMIC) } else { (DYNAMIC, EXCLUDED) };
        assert_eq!(under(line, own), (family, tcp, store), "{line}");
        assert_eq!(under(line, other), (None, tcp, None), "{line} asks for another table");
    }
    let untitled = DYNAMIC.replace("Protocol tcp Dynamic Port Range", "");
    assert_eq!(
        under("netsh int ipv6 show dynamicport udp", &untitled),
        (v6, Some(Transport::Udp), None)
    );
    damaged_at(3, format!("netsh int ipv6 show dynamicport udp\r\n{DYNAMIC}"));
}

#[test]
fn a_command_that_failed_lends_its_family_to_no_other_table() {
    for failure in ["Element not found.\r\n", "Ok.\r\n\r\n"] {
        for table in [DYNAMIC, EXCLUDED] {
            let text = format!("C:\\>netsh int ipv6 show dynamicport tcp\r\n\r\n{failure}{table}");
            assert_eq!(sections(text.as_bytes()).expect(&text)[0].family, None, "{text:?}");
        }
    }
    let text = format!("C:\\>netsh int ipv6 show dynamicport tcp\r\n{DYNAMIC}{DYNAMIC}");
    let families: Vec<_> =
        sections(text.as_bytes()).expect("tables").iter().map(|s| s.family).collect();
    assert_eq!(families, [Some(Family::Ipv6), None]);
}

#[test]
fn a_section_names_the_line_of_its_title() {
    let text = format!("C:\\>netsh int ipv4 sh dyn tcp\n{DYNAMIC}{EXCLUDED}");
    let lines: Vec<_> = sections(text.as_bytes()).expect("tables").iter().map(|s| s.line).collect();
    assert_eq!(lines, [3, 9]);
    assert_eq!(sections(b"---\na: 1024\nb: 255\n").expect("a table")[0].line, 1);
}

#[test]
fn a_cut_text_is_never_taken_for_a_shorter_one() {
    for (name, bytes, _) in fixtures("netsh.txt") {
        let whole = sections(&bytes).expect(&name);
        for end in offsets(&bytes) {
            if let Ok(part) = sections(&bytes[..end]) {
                assert!(whole.starts_with(&part), "{name} cut at {end}");
            }
        }
    }
}

#[test]
fn no_changed_byte_makes_up_a_number() {
    for (name, bytes, _) in fixtures("netsh.txt") {
        let whole = sections(&bytes);
        mutants(&bytes, |mutant| {
            let read = sections(mutant);
            if read == whole {
                return;
            }
            let known = numbers_in(mutant);
            for section in read.unwrap_or_default() {
                let numbers = match section.table {
                    Table::DynamicPort { start, count } => vec![start, count],
                    Table::ExcludedPorts(rows) => {
                        let ends =
                            |row: &Excluded| [row.range.first().into(), row.range.last().into()];
                        rows.iter().flat_map(ends).collect()
                    }
                };
                assert!(numbers.iter().all(|number| known.contains(number)), "{name}: {numbers:?}");
            }
        });
    }
}

#[test]
fn every_range_that_fits_is_read_back() {
    for start in (1..=70_000_u32).step_by(997).chain([1, 1024, 65_535, 65_536]) {
        for count in (1..=70_000_u32).step_by(1009).chain([1, 65_535]) {
            let text = format!("udp\n-----\nx: {start}\ny: {count}\n");
            let fits = count >= 255 && start + count - 1 <= 65_535;
            assert_eq!(ranges(text).ok(), fits.then(|| vec![(start, count)]), "{start} {count}");
            let text = format!("udp\n\nx y\n--- ---\n{start} {count}\n\n* z\n");
            let fits = start <= count && count <= 65_535;
            assert_eq!(lists(text).ok(), fits.then(|| vec![vec![format!("{start}-{count}")]]));
        }
    }
}

#[test]
fn hostile_text_is_bounded() {
    let section = "tcp\n---\na:1\nb:255\n\n";
    assert_eq!(
        sections(section.repeat(SECTIONS_MAX).as_bytes()).map(|all| all.len()),
        Ok(SECTIONS_MAX)
    );
    assert!(sections(section.repeat(SECTIONS_MAX + 1).as_bytes()).is_err());
    let rows = |count| format!("tcp\n\nx\n--- ---\n{}\n* z\n", "1 1\n".repeat(count));
    assert_eq!(lists(rows(ROWS_MAX)).map(|lists| lists[0].len()), Ok(ROWS_MAX));
    assert!(lists(rows(ROWS_MAX + 1)).is_err());
    let all = rows(ROWS_MAX).repeat(ALL_ROWS_MAX / ROWS_MAX);
    assert!(lists(&all).is_ok());
    assert!(lists(all + &rows(1)).is_err());
    for piece in [
        "-",
        "--- ",
        "---\n",
        "--- ---\n",
        "--- ---\n\n",
        "1 1\n",
        "a:",
        "9",
        "\n",
        "\0",
        "netsh ",
        "---\na:1\n",
    ] {
        assert_eq!(sections(piece.repeat(200_000).as_bytes()), Ok(vec![]), "{piece:?}");
    }
}
