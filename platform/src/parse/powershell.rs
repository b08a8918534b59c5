//! The output of `Get-NetTCPSetting` and `Get-NetUDPSetting`: lists of `Name : value`, or `ConvertTo-Json`.
//!
//! Property names are those of the classes MSFT_NetTCPSetting and MSFT_NetUDPSetting in root\StandardCimv2 and are
//! not translated. Both knobs are a start and a COUNT, uint16 each, for IPv4 and IPv6 together. TCP has one object a
//! template, of which `Automatic` has blank fields; UDP has one object, and its class has no SettingName.

use serde_json::{Map, Value};

use super::netsh::{Lines, decoded, number};

/// The templates as JSON, with all their CIM metadata, are some 100 KiB. The tree that serde_json builds of many small
/// objects is 70 times its text.
const JSON_MAX: usize = 1 << 19;

/// The longest name of a template; the known ones have at most 16 characters.
const NAME_MAX: usize = 64;

/// A range of ports as Windows keeps it: start + count - 1 <= 65535.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct StartCount {
    /// The first port.
    pub(crate) start: u32,
    /// HOW MANY ports, not the last one.
    pub(crate) count: u32,
}

/// One object of the output.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Template {
    /// SettingName; `None` for the one object that Get-NetUDPSetting prints.
    pub(crate) name: Option<String>,
    /// The dynamic port range, never empty; `None` where the template leaves it blank.
    pub(crate) dynamic: Option<StartCount>,
    /// What connect() without bind() draws from instead, if its count is not 0 (TCP only); `None` where it is blank,
    /// and on Windows before 8.1, which has no such property.
    pub(crate) auto_reuse: Option<StartCount>,
}

/// Why the text cannot be trusted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum PowershellError {
    /// In a list.
    #[error("line {line}: {what}")]
    Line {
        /// The 1-based line.
        line: usize,
        /// What is wrong with it, or with the object that ends there.
        what: &'static str,
    },
    /// In a JSON text that is well-formed.
    #[error("JSON object {object}: {what}")]
    Object {
        /// 1-based, in the order of the text.
        object: usize,
        /// What is wrong with it.
        what: &'static str,
    },
    /// Not JSON, though it begins like it.
    #[error("JSON: {0}")]
    Json(String),
}

/// Every template of the text. Text without one gives none: a caller that asked for one has then read nothing.
pub(crate) fn templates(bytes: &[u8]) -> Result<Vec<Template>, PowershellError> {
    let text = decoded(bytes);
    match text.trim_ascii_start().first() {
        Some(b'{' | b'[') => json(&text),
        _ => list(&text),
    }
}

fn list(text: &[u8]) -> Result<Vec<Template>, PowershellError> {
    let mut templates = Vec::new();
    let mut object = Object::default();
    let mut last = 0;
    for line in Lines::new(text) {
        let fail = |what| PowershellError::Line { line: line.number, what };
        last = line.number;
        if line.text.is_empty() && line.ended {
            templates.extend(std::mem::take(&mut object).finish().map_err(fail)?);
            continue;
        }
        object.cut = !line.ended;
        let Some(colon) = line.text.iter().position(|byte| *byte == b':') else { continue };
        let (name, value) =
            (line.text[..colon].trim_ascii_end(), line.text[colon + 1..].trim_ascii_start());
        object.set(name, || Some(Field::Text(value))).map_err(fail)?;
    }
    // PowerShell ends a list with blank lines. Without one only the last two properties say that the object is whole.
    object.cut |= object.name.is_some() && object.ports[AUTO_REUSE + 1] == Property::Missing;
    let fail = |what| PowershellError::Line { line: last, what };
    templates.extend(object.finish().map_err(fail)?);
    Ok(templates)
}

fn json(text: &[u8]) -> Result<Vec<Template>, PowershellError> {
    if text.len() > JSON_MAX {
        return Err(PowershellError::Json(format!("more than {JSON_MAX} bytes")));
    }
    let mut templates = Vec::new();
    let mut object = 0;
    // One text each for TCP and UDP may stand in one file.
    for value in serde_json::Deserializer::from_slice(text).into_iter::<Value>() {
        let value = value.map_err(|error| PowershellError::Json(error.to_string()))?;
        for properties in objects(&value) {
            object += 1;
            let template = from_json(properties);
            templates.extend(template.map_err(|what| PowershellError::Object { object, what })?);
        }
    }
    Ok(templates)
}

/// The objects of one text: an array, a single object, or what Windows PowerShell 5 makes of an array that went
/// through `Write-Output -NoEnumerate` or a property: `{"value": [...], "Count": 5}`.
fn objects(value: &Value) -> Vec<&Map<String, Value>> {
    let wrapped = value.get("value").filter(|_| value.get("Count").is_some());
    match wrapped.unwrap_or(value) {
        Value::Array(items) => items.iter().filter_map(Value::as_object).collect(),
        Value::Object(properties) => vec![properties],
        _ => Vec::new(),
    }
}

fn from_json(properties: &Map<String, Value>) -> Result<Option<Template>, &'static str> {
    let mut object = Object::default();
    for (name, value) in properties {
        let field = || match value {
            Value::Null => Some(Field::Text(b"")),
            Value::String(text) => Some(Field::Text(text.trim().as_bytes())),
            Value::Number(number) => number.as_u64().map(Field::Number),
            _ => None,
        };
        object.set(name.as_bytes(), field)?;
    }
    object.finish()
}

/// The range properties, each a start and then a count.
const PORTS: [&str; 4] = [
    "DynamicPortRangeStartPort",
    "DynamicPortRangeNumberOfPorts",
    "AutoReusePortRangeStartPort",
    "AutoReusePortRangeNumberOfPorts",
];
const DYNAMIC: usize = 0;
const AUTO_REUSE: usize = 2;

enum Field<'a> {
    Text(&'a [u8]),
    Number(u64),
}

#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Property {
    #[default]
    Missing,
    Blank,
    Number(u32),
}

/// What was read of an object so far.
#[derive(Default)]
struct Object {
    name: Option<String>,
    ports: [Property; 4],
    cut: bool,
}

impl Object {
    /// Takes the properties of interest and ignores the others.
    fn set<'a>(
        &mut self,
        name: &[u8],
        field: impl Fn() -> Option<Field<'a>>,
    ) -> Result<(), &'static str> {
        if name.eq_ignore_ascii_case(b"SettingName") {
            let Some(Field::Text(text)) = field() else { return Err("SettingName is no text") };
            let text = std::str::from_utf8(text).map_err(|_| "SettingName is not UTF-8")?;
            if text.is_empty()
                || text.chars().count() > NAME_MAX
                || text.chars().any(char::is_control)
            {
                return Err("SettingName is no name");
            }
            return match self.name.replace(text.to_owned()) {
                Some(_) => Err("two templates with no blank line between them"),
                None => Ok(()),
            };
        }
        let is = |property: &&str| name.eq_ignore_ascii_case(property.as_bytes());
        let Some(index) = PORTS.iter().position(is) else { return Ok(()) };
        let value = match field().ok_or("expected a number or nothing")? {
            Field::Text(b"") => Property::Blank,
            Field::Text(text) => {
                Property::Number(number(text).ok_or("expected a number or nothing")?)
            }
            Field::Number(number) => {
                Property::Number(u32::try_from(number).map_err(|_| "a number too large")?)
            }
        };
        match std::mem::replace(&mut self.ports[index], value) {
            Property::Missing => Ok(()),
            _ => Err("one property twice with no blank line between"),
        }
    }

    /// `None` for an object of another kind.
    fn finish(self) -> Result<Option<Template>, &'static str> {
        if self.name.is_none() && self.ports == [Property::Missing; 4] {
            return Ok(None);
        }
        if self.cut {
            return Err("the text ends inside the template");
        }
        let dynamic = match self.pair(DYNAMIC)? {
            Pair::Missing => return Err("the template has no dynamic port range property"),
            Pair::Blank => None,
            Pair::Range(StartCount { count: 0, .. }) => return Err("a dynamic range of no ports"),
            Pair::Range(StartCount { start: 0, .. }) => {
                return Err("a dynamic range cannot start at port 0");
            }
            Pair::Range(range) => Some(range),
        };
        let auto_reuse = match self.pair(AUTO_REUSE)? {
            // Only TCP has the property.
            Pair::Missing => None,
            _ if self.name.is_none() => return Err("the template has no SettingName"),
            Pair::Blank => None,
            Pair::Range(StartCount { start: 0, count: 1.. }) => {
                return Err("an automatic reuse range cannot start at port 0");
            }
            Pair::Range(range) => Some(range),
        };
        Ok(Some(Template { name: self.name, dynamic, auto_reuse }))
    }

    /// The range whose start is property `index`.
    fn pair(&self, index: usize) -> Result<Pair, &'static str> {
        match (self.ports[index], self.ports[index + 1]) {
            (Property::Missing, Property::Missing) => Ok(Pair::Missing),
            (Property::Blank, Property::Blank) => Ok(Pair::Blank),
            (Property::Number(start), Property::Number(count)) => {
                // A range of no ports has no end, but still a start that is a port.
                let end = u64::from(start) + u64::from(count.max(1)) - 1;
                if end > u64::from(u16::MAX) {
                    return Err("a range that ends beyond port 65535");
                }
                Ok(Pair::Range(StartCount { start, count }))
            }
            _ => Err("a range with a start or a count, but not both"),
        }
    }
}

enum Pair {
    Missing,
    Blank,
    Range(StartCount),
}

#[cfg(test)]
mod tests {
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
        if ranges.is_empty() {
            format!("{name} = {{}}")
        } else {
            format!("{name} = {{ {ranges} }}")
        }
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
        let blank =
            Template { name: Some("Automatic".to_owned()), dynamic: None, auto_reuse: None };
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
        assert_eq!(
            of(TCP).expect("a template")[0].auto_reuse,
            Some(StartCount { start: 0, count: 0 })
        );
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
        assert_eq!(
            of(text).expect("a template")[0].dynamic,
            Some(StartCount { start: 1, count: 2 })
        );
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
            format!("[{}", " ".repeat(JSON_MAX)),
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
}
