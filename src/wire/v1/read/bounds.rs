//! How much a report may hold, looked at before any of it is kept: no text may make `convert` take many times its own
//! length. An audit stays far below each of these.

/// How deep values stand in each other: an end of a span is at 7.
const DEPTH: usize = 16;
/// The longest text: the kernel prints 32,768 reserved ports, each with its comma, in 192 KiB.
const TEXT: usize = 256 * 1024;
/// The longest word.
const WORD: usize = 64;
/// The keys of words: names of rules, of systems, of kinds.
const WORDS: [&[u8]; 11] = [
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
];
/// The keys of words that take no memory of their own once they are read.
const CHOICES: [&[u8]; 7] =
    [b"state", b"severity", b"verdict", b"status", b"transport", b"transports", b"families"];
/// How many items the arrays of a key have, all of them together.
const ITEMS: [(&[u8], usize); 6] = [
    (b"rules", 256),
    (b"scopes", 10_000),
    (b"findings", 50_000),
    (b"spans", 1_000_000),
    (b"families", 1_000_000),
    (b"transports", 1_000_000),
];
/// The same of each other key that a report has.
const OF_EACH: usize = 100_000;
const EACH: [&[u8]; 23] = [
    b"allowed",
    b"boot",
    b"destinations",
    b"evidence",
    b"from_system_ports",
    b"gaps",
    b"items",
    b"left_behind",
    b"names",
    b"off",
    b"overridden",
    b"pools",
    b"randomization",
    b"ranges",
    b"rejected",
    b"remediation",
    b"reserved",
    b"running",
    b"self_connected",
    b"services",
    b"settings",
    b"suspects",
    b"totals",
];
/// How many bytes it takes: in memory, and as indented JSON or in a format that writes each text once.
const SIZE: usize = 40 * 1024 * 1024;
/// What a text takes in memory besides its bytes: its place, and what the allocator rounds up.
const STRING: usize = 48;
/// The same of an array, an object and a number.
const GROUP: usize = 32;
const NUMBER: usize = 8;
/// How much longer a character gets at most where it is escaped: DEL is written as \u{7f}, a quote in XML as &quot;.
const ESCAPE: usize = 5;

/// Fails, in one line, where a text is more than a report.
///
/// It goes through the bytes and keeps nothing. What is no JSON it takes for anything: the parser, which comes next, stops
/// where the text is none, and up to there both see the same.
pub(super) fn check(text: &[u8]) -> Result<(), String> {
    let mut scan = Scan::default();
    let mut at = 0;
    while let Some(byte) = text.get(at) {
        at = match byte {
            b'"' => scan.string(text, at + 1)?,
            b'{' | b'[' => scan.open(*byte == b'[').map(|()| at + 1)?,
            b'}' | b']' => {
                scan.groups.pop();
                at + 1
            }
            b',' => {
                scan.key = scan.groups.last().map_or(Key::default(), |group| group.key);
                at + 1
            }
            b' ' | b'\t' | b'\r' | b'\n' | b':' => at + 1,
            _ => {
                let rest = text.get(at..).unwrap_or_default();
                let ends = |byte: &u8| b" \t\r\n,:{}[]\"".contains(byte);
                let length = rest.iter().position(ends).unwrap_or(rest.len()).max(1);
                scan.value(NUMBER, length)?;
                at + length
            }
        };
    }
    Ok(())
}

/// What is known of a key.
#[derive(Clone, Copy, Default)]
struct Key {
    length: usize,
    /// Its place among those whose items are counted.
    counted: Option<usize>,
    is_word: bool,
    is_choice: bool,
}

impl Key {
    fn of(key: &[u8]) -> Self {
        let mut counted = ITEMS.iter().map(|(key, _)| *key).chain(EACH);
        Self {
            length: key.len(),
            counted: counted.position(|known| known == key),
            is_word: WORDS.contains(&key),
            is_choice: CHOICES.contains(&key),
        }
    }

    /// The name and the most items of a place.
    fn most(place: usize) -> (&'static [u8], usize) {
        let each = || EACH.get(place - ITEMS.len()).map(|key| (*key, OF_EACH));
        ITEMS.get(place).copied().or_else(each).unwrap_or_default()
    }
}

/// An array or object that is not closed yet, and the key that it stands under.
struct Group {
    key: Key,
    is_array: bool,
}

#[derive(Default)]
struct Scan {
    groups: Vec<Group>,
    /// The key of the next value; in an array, the array's own.
    key: Key,
    items: [usize; ITEMS.len() + EACH.len()],
    memory: usize,
    written: usize,
}

impl Scan {
    fn open(&mut self, is_array: bool) -> Result<(), String> {
        // Each has a line where it ends.
        self.value(GROUP, 2 + 2 * self.groups.len())?;
        self.groups.push(Group { key: self.key, is_array });
        if self.groups.len() > DEPTH {
            return Err(format!("its values stand more than {DEPTH} deep in each other"));
        }
        Ok(())
    }

    /// A key or a text from behind its first quote on; gives where it goes on.
    fn string(&mut self, text: &[u8], begin: usize) -> Result<usize, String> {
        let (mut end, mut escapes) = (begin, 0);
        loop {
            match text.get(end) {
                Some(b'"') | None => break,
                Some(b'\\') => {
                    escapes += usize::from(text.get(end + 1) == Some(&b'"'));
                    end += 1;
                }
                // The first bytes of those characters that `printable` escapes, and of some that it does not.
                Some(0x7f | 0xc2 | 0xd8 | 0xe2 | 0xef | b'&' | b'<' | b'>') => escapes += 1,
                Some(_) => {}
            }
            end += 1;
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
            self.key = Key::of(string);
        } else if string.len() > most {
            return Err(format!("a text of {} bytes where {most} are the most", string.len()));
        } else {
            let held = if self.key.is_choice { NUMBER } else { string.len() + STRING };
            self.value(held, string.len() + 2 + escapes * ESCAPE)?;
        }
        Ok(end + 1)
    }

    /// A value of so many bytes in memory, and written.
    fn value(&mut self, held: usize, written: usize) -> Result<(), String> {
        let in_array = self.groups.last().is_some_and(|group| group.is_array);
        // Its indent, its key with quotes, a colon and a space, a comma and a line feed.
        let key = if in_array { 0 } else { self.key.length + 4 };
        self.written += 2 * self.groups.len() + key + written + 2;
        self.memory += held;
        if self.memory.max(self.written) > SIZE {
            return Err(format!("it takes more than {} MiB", SIZE / 1024 / 1024));
        }
        let Some(place) = self.key.counted.filter(|_| in_array) else { return Ok(()) };
        let (name, most) = Key::most(place);
        if let Some(count) = self.items.get_mut(place) {
            *count += 1;
            if *count > most {
                let name = String::from_utf8_lossy(name);
                return Err(format!("more than {most} {name}"));
            }
        }
        Ok(())
    }
}
