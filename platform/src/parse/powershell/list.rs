//! Lists of `Name : value`, an object a block.

use super::object::{Field, Object};
use super::{FoundObject, PowershellError, TEMPLATES_MAX, TOO_MANY};
use crate::parse::lines::{Line, Lines};

/// The objects of a text. Where it must be whole, its end may not be one that others of the same
/// properties could follow.
pub(super) fn objects(text: &[u8], whole: bool) -> Result<Vec<FoundObject>, PowershellError> {
    let mut list = PropertyList::default();
    let mut end = 0;
    for line in Lines::new(text) {
        end = line.number;
        let ends = line.text.is_empty() && line.ended;
        if ends || (!whole && is_prompt(line.text)) {
            list.end();
            if list.found.len() > TEMPLATES_MAX {
                return Err(PowershellError::Line { line: end, what: TOO_MANY });
            }
            continue;
        }
        list.take(line);
    }
    // PowerShell ends a list with blank lines. Without one only the last two properties of TCP say
    // that the object is whole; of an older Windows no object has them.
    let others = list
        .found
        .iter()
        .any(|found| found.template.as_ref().is_ok_and(|template| template.auto_reuse.is_some()));
    list.object.cut |= (whole || others) && list.object.may_go_on();
    list.line = if list.line == 0 { end } else { list.line };
    list.end();
    Ok(list.found)
}

/// `PS C:\\Users\\me> `.
fn is_prompt(text: &[u8]) -> bool {
    text.starts_with(b"PS ") && text.contains(&b'>')
}

#[derive(Default)]
struct PropertyList {
    found: Vec<FoundObject>,
    object: Object,
    /// The line that the object begins at.
    line: usize,
    /// The first damage of the object.
    wrong: Option<(usize, &'static str)>,
}

impl PropertyList {
    fn take(&mut self, line: Line<'_>) {
        self.object.cut = !line.ended;
        let Some(colon) = line.text.iter().position(|byte| *byte == b':') else { return };
        let (name, value) =
            (line.text[..colon].trim_ascii_end(), line.text[colon + 1..].trim_ascii_start());
        if let Err(what) = self.object.set(name, || Some(Field::Text(value))) {
            self.wrong.get_or_insert((line.number, what));
        }
        if self.line == 0 && !self.object.is_empty() {
            self.line = line.number;
        }
    }

    fn end(&mut self) {
        let object = std::mem::take(&mut self.object);
        let line = std::mem::take(&mut self.line);
        let damaged = |(line, what)| Err(PowershellError::Line { line, what });
        let template = match self.wrong.take() {
            Some(wrong) => damaged(wrong),
            None => match object.finish() {
                Ok(None) => return,
                Ok(Some(template)) => Ok(template),
                Err(what) => damaged((line, what)),
            },
        };
        self.found.push(FoundObject { line, command: 0, transport: None, template });
    }
}
