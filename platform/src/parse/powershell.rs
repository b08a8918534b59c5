//! The output of `Get-NetTCPSetting` and `Get-NetUDPSetting`: lists of `Name : value`, tables,
//! `Export-Csv` and `ConvertTo-Json`.
//!
//! Property names are those of the classes MSFT_NetTCPSetting and MSFT_NetUDPSetting in
//! root\StandardCimv2 and are not translated. Both knobs are a start and a COUNT, uint16 each, for
//! IPv4 and IPv6 together. TCP has one object a template, of which `Automatic` has blank fields;
//! UDP has one object, and its class has no SettingName.

mod columns;
mod json;
mod list;
mod object;

use super::decode::decoded;
use super::lines::Lines;
use super::typed::COMMAND_MAX;
use crate::snapshot::Transport;

/// Windows has 6 templates; a text with more than this is no evidence.
const TEMPLATES_MAX: usize = 1024;
const TOO_MANY: &str = "too many templates";

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
    /// SettingName; `None` for the one object that Get-NetUDPSetting prints, and where a list of
    /// properties leaves it out.
    pub(crate) name: Option<String>,
    /// The dynamic port range, never empty; `None` where the template leaves it blank.
    pub(crate) dynamic: Option<StartCount>,
    /// What connect() without bind() draws from instead, if its count is not 0 (TCP only); `None`
    /// where it is blank, and on Windows before 8.1, which has no such property.
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

/// An object where it stands in a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct FoundObject {
    /// The 1-based line that it begins at, or where it is damaged.
    pub(crate) line: usize,
    /// The line of the command that printed it, as a prompt echoed it; 0 where none did.
    pub(crate) command: usize,
    /// Whose setting it is, by its properties or by that command.
    pub(crate) transport: Option<Transport>,
    /// The setting, or why it is not certain.
    pub(crate) template: Result<Template, PowershellError>,
}

/// Every template of the text, as a program prints it. Text without one gives none: a caller that
/// asked for one has then read nothing.
pub(crate) fn templates(bytes: &[u8]) -> Result<Vec<Template>, PowershellError> {
    let text = decoded(bytes);
    let templates = if let Some(b'{' | b'[') = text.trim_ascii_start().first() {
        json::templates(&text)?
    } else {
        let objects = list::objects(&text, true)?.into_iter();
        objects.map(|found| found.template).collect::<Result<Vec<_>, _>>()?
    };
    if templates.iter().any(|template| template.name.is_none() && template.auto_reuse.is_some()) {
        return Err(PowershellError::Object { object: 1, what: "it has no SettingName" });
    }
    Ok(templates)
}

/// Every object of a text that people made of such output, in whatever form, each with what is
/// wrong with it alone.
pub(crate) fn found(bytes: &[u8]) -> Result<Vec<FoundObject>, PowershellError> {
    let text = decoded(bytes);
    if !has_word(&text, b"PortRange") {
        return Ok(Vec::new());
    }
    let mut found = list::objects(&text, false)?;
    found.extend(columns::objects(&text));
    found.extend(in_json(&text));
    let commands = commands(&text);
    for object in &mut found {
        let command = commands.iter().rev().find(|(line, _)| *line < object.line);
        let of_name = match &object.template {
            Ok(template) => template.name.is_some() || template.auto_reuse.is_some(),
            Err(_) => false,
        };
        object.command = command.map_or(0, |(line, _)| *line);
        object.transport = of_name
            .then_some(Transport::Tcp)
            .or(object.transport)
            .or_else(|| command.and_then(|(_, of)| *of));
    }
    if found.len() > TEMPLATES_MAX {
        let line = found.last().map_or(0, |last| last.line);
        return Err(PowershellError::Line { line, what: TOO_MANY });
    }
    found.sort_by_key(|object| object.line);
    Ok(found)
}

/// The lines that name one of the two commands, and which.
fn commands(text: &[u8]) -> Vec<(usize, Option<Transport>)> {
    let named = |line: &[u8], of| has_word(&line.to_ascii_lowercase(), of);
    let command = |line: super::lines::Line<'_>| {
        let (tcp, udp) =
            (named(line.text, b"get-nettcpsetting"), named(line.text, b"get-netudpsetting"));
        let of = match (tcp, udp) {
            (true, false) => Some(Transport::Tcp),
            (false, true) => Some(Transport::Udp),
            _ => None,
        };
        (tcp || udp).then_some((line.number, of))
    };
    Lines::new(text).filter(|line| line.text.len() <= COMMAND_MAX).filter_map(command).collect()
}

/// The templates of JSON that begins at a line, whatever stands above it, between and below. An
/// object of which only a part can be read is a damage of them all.
fn in_json(text: &[u8]) -> Vec<FoundObject> {
    const START: &[u8] = b"\"DynamicPortRangeStartPort\"";
    let mut all = Vec::new();
    let (mut rest, mut line) = (text, 1);
    while !rest.is_empty() {
        let mut end = rest.iter().position(|byte| *byte == b'\n').map_or(rest.len(), |end| end + 1);
        let opens = matches!(rest[..end].trim_ascii_start().first(), Some(b'{' | b'['));
        // What is no JSON at all, as a line of a log in brackets, goes on with another line.
        let read =
            (opens && has_word(rest, b"\"DynamicPortRange")).then(|| json::at_the_head(rest));
        let found = |template| FoundObject { line, command: 0, transport: None, template };
        match read {
            Some(Ok((templates, bytes))) if !templates.is_empty() => {
                all.extend(templates.into_iter().map(|template| found(Ok(template))));
                end = end.max(bytes);
            }
            Some(Err(error)) if !rest[..end].contains(&b']') => {
                all.push(found(Err(error)));
                return all;
            }
            _ => {}
        }
        line += rest[..end].split(|byte| *byte == b'\n').count() - 1;
        rest = &rest[end..];
    }
    let named = text.windows(START.len()).filter(|window| *window == START).count();
    if let Some(first) = all.first().filter(|_| named > all.len()) {
        let (line, transport) = (first.line, first.transport);
        let what = "a part of the JSON around it could not be read";
        let template = Err(PowershellError::Line { line, what });
        all.push(FoundObject { line, command: 0, transport, template });
    }
    all
}

fn has_word(text: &[u8], word: &[u8]) -> bool {
    text.windows(word.len()).any(|window| window == word)
}

#[cfg(test)]
mod tests;
