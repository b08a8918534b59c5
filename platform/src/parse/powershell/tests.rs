//! The tests of parse/powershell.rs.

use super::super::netsh::tests::{expected, fixtures, mutants, numbers_in, offsets};
use super::*;

const TCP: &str = "\r\n\r\nSettingName                     : Internet\r\nMinRto(ms)                      : 300\r\n\
    DynamicPortRangeStartPort       : 49152\r\nDynamicPortRangeNumberOfPorts   : 16384\r\n\
    AutomaticUseCustom              : Disabled\r\nAutoReusePortRangeStartPort     : 0\r\n\
    AutoReusePortRangeNumberOfPorts : 0\r\n\r\n";
const AUTOMATIC: &str = "SettingName                     : Automatic\r\nMinRto(ms)                      :\r\n\
    DynamicPortRangeStartPort       :\r\nDynamicPortRangeNumberOfPorts   : \r\n\
    AutoReusePortRangeStartPort     :\r\nAutoReusePortRangeNumberOfPorts :\r\n\r\n";
const UDP: &str =
    "DynamicPortRangeStartPort     : 49152\r\nDynamicPortRangeNumberOfPorts : 16384\r\n";
const JSON: &str = r#"{"SettingName": "Internet", "MinRtoMs": 300, "DynamicPortRangeStartPort": 49152,
    "DynamicPortRangeNumberOfPorts": 16384, "AutoReusePortRangeStartPort": 0, "AutoReusePortRangeNumberOfPorts": 0}"#;

fn internet() -> Template {
    Template {
        name: Some("Internet".to_owned()),
        dynamic: Some(StartCount { start: 49152, count: 16384 }),
        auto_reuse: Some(StartCount { start: 0, count: 0 }),
    }
}

fn of(text: &str) -> Result<Vec<Template>, PowershellError> {
    templates(text.as_bytes())
}

fn files() -> Vec<(String, Vec<u8>, String)> {
    let mut files = fixtures("powershell.txt");
    files.extend(fixtures("powershell.json"));
    assert!(files.len() >= 2);
    files
}

/// A template as capture.toml has it.
fn expectation(template: &Template) -> String {
    let range = |name: &str, range: Option<StartCount>| {
        range.map(|range| format!("{name} = [{}, {}]", range.start, range.count))
    };
    let dynamic = range("dynamic", template.dynamic);
    let Some(name) = &template.name else { return dynamic.unwrap_or_default() };
    let ranges = dynamic.into_iter().chain(range("auto_reuse", template.auto_reuse));
    let ranges = ranges.collect::<Vec<_>>().join(", ");
    if ranges.is_empty() { format!("{name} = {{}}") } else { format!("{name} = {{ {ranges} }}") }
}

#[test]
fn the_fixtures_are_read() {
    for (name, bytes, toml) in files() {
        let read: Vec<_> = templates(&bytes).expect(&name).iter().map(expectation).collect();
        let wanted =
            [expected(&toml, "[expect.templates]"), expected(&toml, "[expect.udp]")].concat();
        assert_eq!(read, wanted, "{name}");
    }
}

#[test]
fn the_list_and_the_json_say_the_same() {
    assert_eq!(of(TCP), Ok(vec![internet()]));
    assert_eq!(of(JSON), Ok(vec![internet()]));
    assert_eq!(of(&format!("[{JSON},{JSON}]")), Ok(vec![internet(), internet()]));
    assert_eq!(of(&JSON.replace("49152", "\"49152\"")), Ok(vec![internet()]));
}

#[test]
fn the_blank_automatic_template_is_not_zero() {
    let both = of(&format!("{AUTOMATIC}{TCP}")).expect("templates");
    let blank = Template { name: Some("Automatic".to_owned()), dynamic: None, auto_reuse: None };
    assert_eq!(both, [blank.clone(), internet()]);
    let null = |text: &str| {
        text.replace("Internet", "Automatic")
            .replace("49152", "null")
            .replace("16384", "null")
            .replace(": 0", ": \"\"")
    };
    assert_eq!(of(&null(JSON)), Ok(vec![blank]));
}

#[test]
fn a_reuse_range_of_no_ports_is_off_and_one_with_ports_is_kept() {
    assert_eq!(of(TCP).expect("a template")[0].auto_reuse, Some(StartCount { start: 0, count: 0 }));
    let on = TCP
        .replace("StartPort     : 0", "StartPort     : 10000")
        .replace("Ports : 0", "Ports : 55536");
    assert_eq!(
        of(&on).expect("a template")[0].auto_reuse,
        Some(StartCount { start: 10000, count: 55536 })
    );
    assert!(of(&on.replace("55536", "55537")).is_err());
    assert!(of(&TCP.replace("Ports : 0", "Ports : 5")).is_err());
}

#[test]
fn a_windows_without_reuse_ranges_has_none() {
    let (text, _) = TCP.split_once("AutoReuse").expect("the property");
    let template = of(&format!("{text}\r\n")).expect("a template").remove(0);
    assert_eq!((template.dynamic, template.auto_reuse), (internet().dynamic, None));
}

#[test]
fn the_count_is_not_pinned_to_the_default() {
    assert_eq!(
        of(&TCP.replace("16384", "16358")).expect("a template")[0].dynamic,
        Some(StartCount { start: 49152, count: 16358 })
    );
}

#[test]
fn udp_has_no_name() {
    let udp = Template { name: None, ..internet() };
    let udp = Template { auto_reuse: None, ..udp };
    assert_eq!(of(UDP), Ok(vec![udp.clone()]));
    assert_eq!(
        of(r#"{"DynamicPortRangeStartPort":49152,"DynamicPortRangeNumberOfPorts":16384}"#),
        Ok(vec![udp])
    );
    assert!(
        of(&TCP.replace("SettingName", "Setting")).is_err(),
        "TCP's properties without its name"
    );
}

#[test]
fn utf16_and_a_byte_order_mark_are_understood() {
    for text in [TCP, JSON] {
        let marked = format!("\u{feff}{text}");
        let utf16: Vec<u8> = marked.encode_utf16().flat_map(u16::to_le_bytes).collect();
        for bytes in [marked.as_bytes(), &utf16] {
            assert_eq!(templates(bytes), Ok(vec![internet()]));
        }
    }
}

#[test]
fn windows_powershell_wraps_some_arrays() {
    let wrapped = format!(r#"{{"value": [{JSON}], "Count": 1}}"#);
    assert_eq!(of(&wrapped), Ok(vec![internet()]));
    assert_eq!(of(&format!("{JSON}\r\n{JSON}\r\n")), Ok(vec![internet(), internet()]));
}

#[test]
fn property_names_may_be_written_as_select_object_was_told() {
    let text = "settingname : Internet\ndynamicportrangestartport : 1\nDYNAMICPORTRANGENUMBEROFPORTS : 2\n\n";
    assert_eq!(of(text).expect("a template")[0].dynamic, Some(StartCount { start: 1, count: 2 }));
}

#[test]
fn what_is_no_setting_gives_no_template() {
    for text in [
        "",
        "\r\n",
        "Get-NetTCPSetting : The term 'Get-NetTCPSetting' is not recognized as the name of a cmdlet.\r\nAt line:1 char:1\r\n",
        "Start Port      : 49152\r\nNumber of Ports : 16384\r\n",
        "SettingName      DynamicPortRangeStartPort DynamicPortRangeNumberOfPorts\r\n-----------      ---- ----\r\nInternet  49152  16384\r\n",
        "{}",
        "[]",
        "[null, 5, \"x\"]",
        r#"{"value": 5, "Count": 1}"#,
    ] {
        assert_eq!(of(text), Ok(vec![]), "{text:?}");
    }
}

#[test]
fn damage_is_an_error_and_never_a_default() {
    let without = |property: &str| {
        let lines = TCP.split_inclusive('\n').filter(|line| !line.starts_with(property));
        lines.collect::<String>()
    };
    for text in [
        TCP.replace("49152", ""),
        TCP.replace("16384", ""),
        TCP.replace("49152", "-1"),
        TCP.replace("49152", "0"),
        TCP.replace("16384", "0"),
        TCP.replace("16384", "16385"),
        TCP.replace("49152", "99999999999999999999"),
        TCP.replace("49152", "49 152"),
        TCP.replace("49152", "049152"),
        TCP.replace("Internet", ""),
        TCP.replace("Internet", &"x".repeat(65)),
        TCP.replace("Internet", "\u{1b}[2J"),
        TCP.replacen("\r\n\r\n", "", 1).replace("\r\n\r\n", "\r\n").repeat(2),
        TCP.replace("\r\n", "\r\n\r\n"),
        without("DynamicPortRangeStartPort"),
        without("DynamicPortRangeNumberOfPorts"),
        without("AutoReusePortRangeStartPort"),
        without("AutoReusePortRangeNumberOfPorts"),
        without("DynamicPortRange"),
        JSON.replace("49152", "-1"),
        JSON.replace("49152", "49152.0"),
        JSON.replace("49152", "4e4"),
        JSON.replace("49152", "true"),
        JSON.replace("49152", "[49152]"),
        JSON.replace("49152", "4294967297"),
        JSON.replace("49152", "null"),
        JSON.replace("\"Internet\"", "5"),
        JSON.replace("16384", "65536"),
        JSON.replace("MinRtoMs", "settingname"),
        JSON.replace('}', ""),
        format!("{JSON} x"),
        "[".repeat(100_000),
        format!("[{}", " ".repeat(1 << 20)),
        format!("[{}{JSON}]", format!("{JSON},").repeat(TEMPLATES_MAX)),
        format!("{TCP}\n").repeat(TEMPLATES_MAX + 1),
    ] {
        let error = of(&text).expect_err(&text[..text.len().min(1000)]);
        assert!(!error.to_string().contains('\n'), "{error}");
    }
}

#[test]
fn a_cut_text_is_never_taken_for_a_shorter_one() {
    let unterminated = (String::from("tcp"), TCP.trim().as_bytes().to_vec(), String::new());
    for (name, bytes, _) in files().into_iter().chain([unterminated]) {
        let whole = templates(&[&bytes[..], b"\r\n"].concat()).unwrap_or_default();
        for end in offsets(&bytes) {
            if let Ok(part) = templates(&bytes[..end]) {
                assert!(whole.starts_with(&part), "{name} cut at {end}");
            }
        }
    }
}

#[test]
fn no_changed_byte_makes_up_a_number() {
    for (name, bytes, _) in files() {
        let whole = templates(&bytes);
        mutants(&bytes, |mutant| {
            let read = templates(mutant);
            if read == whole {
                return;
            }
            let known = numbers_in(mutant);
            for template in read.unwrap_or_default() {
                for range in [template.dynamic, template.auto_reuse].into_iter().flatten() {
                    for number in [range.start, range.count] {
                        assert!(known.contains(&number), "{name}: {number}");
                    }
                }
            }
        });
    }
}

#[test]
fn json_behind_a_command_is_read_text_by_text_and_a_part_of_one_is_a_damage() {
    let udp = r#"{"DynamicPortRangeStartPort": 49152, "DynamicPortRangeNumberOfPorts": 16384}"#;
    let two = format!("PS> Get-NetTCPSetting\n{JSON}\nPS> Get-NetUDPSetting\n{udp}\n");
    let read = found(two.as_bytes()).expect("objects");
    let lines: Vec<usize> = read.iter().map(|object| object.line).collect();
    assert_eq!(lines, [2, 5]);
    assert!(read.iter().all(|object| object.template.is_ok()), "{read:?}");
    let cut = format!("-[\n-{JSON},\n{JSON}\n]\n");
    let read = found(cut.as_bytes()).expect("objects");
    assert!(read.iter().any(|object| object.template.is_err()), "{read:?}");
}

#[test]
fn a_property_that_somebody_marked_is_not_passed_over() {
    let text = b"SettingName : Internet\nDynamicPortRangeStartPort : 49152\n\
        DynamicPortRangeNumberOfPorts : 16384\n$ AutoReusePortRangeStartPort : 10000\n\
        $ AutoReusePortRangeNumberOfPorts : 2000\n\n";
    let found = found(text).expect("objects");
    assert!(found[0].template.is_err(), "{found:?}");
}
