//! How much a report may hold, looked at before any of it is kept: no text may make `convert` take
//! many times its own length. An audit stays far below each of these.

/// How deep values stand in each other: an end of a span is at 7.
const DEPTH: usize = 16;
/// The longest text: the kernel prints 32,768 reserved ports, each with its comma, in 192 KiB.
const TEXT: usize = 256 * 1024;
/// The longest word.
const WORD: usize = 64;
/// The keys of words: names of rules, of systems, of kinds.
const WORDS: [&[u8]; 12] = [
    b"rule",
    b"version",
    b"profile",
    b"os",
    b"kind",
    b"role",
    b"method",
    b"loader",
    b"edition",
    b"schema_version",
    b"off",
    b"when",
];
/// The keys of words that take no memory of their own once they are read.
const CHOICES: [&[u8]; 7] =
    [b"state", b"severity", b"verdict", b"status", b"transport", b"transports", b"families"];
/// How many items an array of this key may have; those of a fact, and of what is the same in every
/// format, are few.
const ITEMS: [(&[u8], usize); 22] = [
    (b"rules", 256),
    (b"scopes", 10_000),
    (b"findings", 25_000),
    (b"gaps", 50_000),
    (b"services", 10_000),
    (b"items", 20_000),
    (b"spans", 32_768),
    (b"ports", 32_768),
    (b"allowed", 32_768),
    (b"evidence", 1024),
    (b"remediation", 256),
    (b"steps", 256),
    (b"families", 2),
    (b"transports", 2),
    (b"ranges", 64),
    (b"reserved", 64),
    (b"randomization", 64),
    (b"pools", 64),
    (b"destinations", 1024),
    (b"from_system_ports", 1024),
    (b"names", 1024),
    (b"off", 256),
];
/// The same of any other key.
const OTHERS: usize = 10_000;
/// How large a finding may be: one is told at a time.
const FINDING: usize = 1024 * 1024;
/// What may be held of a report together with its text: so many times the text, or so many bytes
/// where the text is short.
const GROWTH: usize = 3;
const SHORT: usize = 34 * 1024 * 1024;
/// What may be held of any.
const MOST: usize = 56 * 1024 * 1024;
/// What a text takes in memory besides its bytes: its place, and what an allocator puts before it,
/// in steps and at least.
const PLACE: usize = 24;
const HEAD: usize = 8;
const STEP: usize = 16;
const LEAST: usize = 32;
/// What an array, an object and a number take.
const GROUP: usize = 32;
const NUMBER: usize = 8;
/// An array of evidence besides: it has room for four.
const EVIDENCE: usize = 256;

/// Fails, in one line, where a text is more than a report.
///
/// It goes through the bytes and keeps nothing. What is no JSON it takes for anything: the parser,
/// which comes next, stops where the text is none, and up to there both see the same.
pub(super) fn check(text: &[u8]) -> Result<(), String> {
    let most = (text.len() * (GROWTH - 1)).max(SHORT.saturating_sub(text.len())).min(MOST);
    let mut scan = Scan { most, groups: Vec::new(), key: KeyState::default(), held: 0 };
    let mut at = 0;
    while let Some(byte) = text.get(at) {
        at = match byte {
            b'"' => scan.string(text, at + 1)?,
            b'{' | b'[' => scan.open(*byte == b'[', at).map(|()| at + 1)?,
            b'}' | b']' => scan.close(at).map(|()| at + 1)?,
            b',' => {
                scan.key = scan.groups.last().map_or(KeyState::default(), |group| group.key);
                at + 1
            }
            b' ' | b'\t' | b'\r' | b'\n' | b':' => at + 1,
            _ => {
                let rest = text.get(at..).unwrap_or_default();
                let ends = |byte: &u8| b" \t\r\n,:{}[]\"".contains(byte);
                scan.value(NUMBER)?;
                at + rest.iter().position(ends).unwrap_or(rest.len()).max(1)
            }
        };
    }
    Ok(())
}

/// What is known of a key.
#[derive(Clone, Copy, Default)]
struct KeyState {
    /// Its place among those whose items are counted.
    counted: Option<usize>,
    is_word: bool,
    is_choice: bool,
}

impl KeyState {
    fn of(key: &[u8]) -> Self {
        Self {
            counted: ITEMS.iter().position(|(known, _)| *known == key),
            is_word: WORDS.contains(&key),
            is_choice: CHOICES.contains(&key),
        }
    }

    /// Its name, where it has one here, and the most items of an array of it.
    fn most(self) -> (&'static str, usize) {
        let counted = self.counted.and_then(|place| ITEMS.get(place));
        counted.map_or(("items in an array", OTHERS), |(name, most)| {
            (std::str::from_utf8(name).unwrap_or_default(), *most)
        })
    }
}

/// An array or object that is not closed yet.
struct OpenItem {
    /// The key that it stands under.
    key: KeyState,
    is_array: bool,
    items: usize,
    begin: usize,
}

struct Scan {
    /// How many bytes may be held.
    most: usize,
    groups: Vec<OpenItem>,
    /// The key of the next value; in an array, the array's own.
    key: KeyState,
    held: usize,
}

impl Scan {
    fn open(&mut self, is_array: bool, begin: usize) -> Result<(), String> {
        let room = if is_array && self.key.most().0 == "evidence" { EVIDENCE } else { 0 };
        self.value(GROUP + room)?;
        self.groups.push(OpenItem { key: self.key, is_array, items: 0, begin });
        if self.groups.len() > DEPTH {
            return Err(format!("its values are nested more than {DEPTH} deep"));
        }
        Ok(())
    }

    fn close(&mut self, at: usize) -> Result<(), String> {
        let Some(OpenItem { key, is_array: false, begin, .. }) = self.groups.pop() else {
            return Ok(());
        };
        if key.most().0 == "findings" && at - begin > FINDING {
            return Err(format!("a finding of more than {FINDING} bytes"));
        }
        Ok(())
    }

    /// A key or a text from behind its first quote on; gives where it goes on.
    fn string(&mut self, text: &[u8], begin: usize) -> Result<usize, String> {
        let mut end = begin;
        loop {
            match text.get(end) {
                Some(b'"') | None => break,
                Some(b'\\') => end += 2,
                Some(_) => end += 1,
            }
        }
        let string = text.get(begin..end).unwrap_or_default();
        let rest = text.get(end + 1..).unwrap_or_default();
        let next = rest.iter().find(|byte| !b" \t\r\n".contains(byte));
        let most = if self.key.is_word { WORD } else { TEXT };
        if next == Some(&b':') {
            if string.len() > WORD {
                return Err(format!("a key of {} bytes", string.len()));
            }
            // Such a key could be another than it looks.
            if string.contains(&b'\\') {
                return Err("a key with an escape in it".to_owned());
            }
            self.key = KeyState::of(string);
        } else if string.len() > most {
            return Err(format!("a text of {} bytes where {most} are the most", string.len()));
        } else {
            let heap = (HEAD + string.len()).next_multiple_of(STEP).max(LEAST);
            self.value(match string.len() {
                _ if self.key.is_choice => NUMBER,
                0 => PLACE,
                _ => PLACE + heap,
            })?;
        }
        Ok(end + 1)
    }

    /// A value of so many bytes in memory.
    fn value(&mut self, held: usize) -> Result<(), String> {
        self.held += held;
        if self.held > self.most {
            return Err("it takes many times its length in memory, or too much".to_owned());
        }
        let Some(group) = self.groups.last_mut().filter(|group| group.is_array) else {
            return Ok(());
        };
        group.items += 1;
        let (name, most) = group.key.most();
        if group.items > most {
            return Err(format!("more than {most} {name}"));
        }
        Ok(())
    }
}
