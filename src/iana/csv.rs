//! IANA's own CSV, service-names-port-numbers.csv.

use std::collections::BTreeMap;
use std::fmt;
use std::io::{self, Read};

use ::csv::StringRecord;
use ephaudit_platform::ports::{PortRange, PortSetError};

/// The largest CSV that is read; IANA's has 1.1 MB.
const MAX_BYTES: usize = 64 * 1024 * 1024;

/// The most assignments a CSV may have once its ranges are spelt out; IANA's has 12,000. Without a
/// limit, a small file of wide ranges could fill the memory.
const MAX_ASSIGNMENTS: u32 = 4 * 65_536;

/// The longest service name. RFC 6335 section 5.1 allows 15 characters; older names may have more.
pub(super) const MAX_NAME: usize = 64;

/// The transports of the registry and their letters, in the order of
/// [`super::Assignment::transports`].
pub(super) const TRANSPORTS: [(&str, char); 4] =
    [("tcp", 't'), ("udp", 'u'), ("sctp", 's'), ("dccp", 'd')];

/// Why a file is not IANA's registry.
#[derive(Debug)]
pub enum RegistryError {
    /// The file cannot be read.
    Io(io::Error),
    /// The file has more than 64 MiB.
    TooLarge,
    /// A line is not UTF-8.
    NotUtf8 {
        /// The line, from 1.
        line: usize,
    },
    /// The text is not CSV.
    Syntax {
        /// The line where the record starts, from 1.
        line: usize,
        /// What is wrong with it.
        problem: String,
    },
    /// The header lacks a column.
    MissingColumn(&'static str),
    /// A port is no number, or above 65535.
    NotAPort {
        /// The line where the record starts, from 1.
        line: usize,
        /// What stands there.
        text: String,
    },
    /// The first port of a range is above its last.
    Backwards {
        /// The line where the record starts, from 1.
        line: usize,
        /// What stands there.
        text: String,
    },
    /// The transport is none of tcp, udp, sctp and dccp.
    UnknownTransport {
        /// The line where the record starts, from 1.
        line: usize,
        /// What stands there.
        text: String,
    },
    /// The name of an assigned port has other than printable ASCII characters, or too many.
    NotAName {
        /// The line where the record starts, from 1.
        line: usize,
        /// What stands there.
        text: String,
    },
    /// The ranges of the file have too many ports.
    TooManyAssignments {
        /// The line where the record starts, from 1.
        line: usize,
    },
    /// No port has a name.
    NoAssignments,
}

impl fmt::Display for RegistryError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io(error) => write!(f, "{error}"),
            Self::TooLarge => write!(f, "larger than {} MiB", MAX_BYTES / 1024 / 1024),
            Self::NotUtf8 { line } => write!(f, "line {line}: not UTF-8"),
            Self::Syntax { line, problem } => write!(f, "line {line}: {problem}"),
            Self::MissingColumn(name) => write!(f, "line 1: the header has no column {name:?}"),
            Self::NotAPort { line, text } => write!(f, "line {line}: {text:?} is not a port"),
            Self::Backwards { line, text } => {
                write!(f, "line {line}: the range {text:?} runs backwards")
            }
            Self::UnknownTransport { line, text } => {
                write!(f, "line {line}: {text:?} is not a transport (tcp, udp, sctp or dccp)")
            }
            Self::NotAName { line, text } => {
                write!(f, "line {line}: {text:?} is not a service name")
            }
            Self::TooManyAssignments { line } => {
                write!(f, "line {line}: more than {MAX_ASSIGNMENTS} assignments")
            }
            Self::NoAssignments => write!(f, "no port is assigned to a service"),
        }
    }
}

impl std::error::Error for RegistryError {}

fn read_text(reader: impl Read) -> Result<String, RegistryError> {
    let mut bytes = Vec::new();
    // One byte more than allowed tells a file that is too large from one that just fits.
    reader.take(MAX_BYTES as u64 + 1).read_to_end(&mut bytes).map_err(RegistryError::Io)?;
    if bytes.len() > MAX_BYTES {
        return Err(RegistryError::TooLarge);
    }
    String::from_utf8(bytes).map_err(|error| {
        let valid = error.utf8_error().valid_up_to();
        RegistryError::NotUtf8 { line: line_at(error.as_bytes(), valid) }
    })
}

/// The line, from 1, of the record that starts at `offset`. The line numbers of `csv` are one short
/// where lines end in CR LF and after empty lines, as a record's position is where the one before
/// it ended.
fn line_at(bytes: &[u8], offset: usize) -> usize {
    let blank = bytes.iter().skip(offset).take_while(|b| matches!(b, b'\r' | b'\n')).count();
    bytes.iter().take(offset + blank).filter(|&&b| b == b'\n').count() + 1
}

/// The columns that are used.
struct Columns {
    name: usize,
    ports: usize,
    transport: usize,
    dates: [usize; 2],
}

impl Columns {
    fn find(header: &StringRecord) -> Result<Self, RegistryError> {
        let find = |name| {
            let column = header.iter().position(|field| field == name);
            column.ok_or(RegistryError::MissingColumn(name))
        };
        Ok(Self {
            name: find("Service Name")?,
            ports: find("Port Number")?,
            transport: find("Transport Protocol")?,
            dates: [find("Registration Date")?, find("Modification Date")?],
        })
    }
}

/// What a CSV holds.
#[derive(Default)]
pub(super) struct Table {
    /// By port and name: the position in the file, since the names of a port keep their order, and
    /// a bit for each of [`TRANSPORTS`].
    assigned: BTreeMap<(u16, String), (u32, u8)>,
    /// How many assignments were read, the same one repeatedly included.
    read: u32,
    /// The newest day in the date columns.
    pub(super) newest_date: Option<String>,
    /// How many rows have a port.
    pub(super) entries: u32,
}

impl Table {
    /// Reads and understands the file.
    pub(super) fn read(reader: impl Read) -> Result<Self, RegistryError> {
        let text = read_text(reader)?;
        Self::parse(text.strip_prefix('\u{feff}').unwrap_or(&text))
    }

    fn parse(text: &str) -> Result<Self, RegistryError> {
        let bytes = text.as_bytes();
        let syntax =
            |line, problem: &str| RegistryError::Syntax { line, problem: problem.to_owned() };
        let csv_error = |error: ::csv::Error| {
            let line = line_at(bytes, offset(error.position()));
            match error.kind() {
                ::csv::ErrorKind::UnequalLengths { expected_len, len, .. } => {
                    syntax(line, &format!("{len} fields where the header has {expected_len}"))
                }
                _ => syntax(line, &error.to_string()),
            }
        };

        let mut reader = ::csv::ReaderBuilder::new().trim(::csv::Trim::All).from_reader(bytes);
        let columns = Columns::find(reader.headers().map_err(csv_error)?)?;
        let mut table = Self::default();
        let mut record = StringRecord::new();
        while reader.read_record(&mut record).map_err(csv_error)? {
            let start = offset(record.position());
            let raw = bytes.get(start..offset(Some(reader.position()))).unwrap_or_default();
            // To `csv` a quote without its pair is no error, and the rows up to the next quote, or
            // to the end of a file that was cut off, would be lost inside one field.
            if raw.iter().fold(false, |open, &b| open ^ (b == b'"')) {
                return Err(syntax(line_at(bytes, start), "a quote is not closed"));
            }
            table.add(&columns, &record, &|| line_at(bytes, start))?;
        }
        if table.assigned.is_empty() {
            return Err(RegistryError::NoAssignments);
        }
        Ok(table)
    }

    fn add(
        &mut self,
        columns: &Columns,
        record: &StringRecord,
        line: &dyn Fn() -> usize,
    ) -> Result<(), RegistryError> {
        let field = |column| record.get(column).unwrap_or_default();
        for date in columns.dates.into_iter().flat_map(|column| dates(field(column))) {
            if self.newest_date.as_deref().is_none_or(|newest| newest < date) {
                self.newest_date = Some(date.to_owned());
            }
        }

        let (name, ports) = (field(columns.name), field(columns.ports));
        if ports.is_empty() {
            return Ok(());
        }
        self.entries += 1;
        let range = ports.parse::<PortRange>().map_err(|error| {
            let (line, text) = (line(), excerpt(ports));
            match error {
                PortSetError::Backwards(_) => RegistryError::Backwards { line, text },
                _ => RegistryError::NotAPort { line, text },
            }
        })?;
        let transport = field(columns.transport);
        if transport.is_empty() {
            return Ok(());
        }
        let Some(bit) = TRANSPORTS.iter().position(|&(known, _)| known == transport) else {
            let (line, text) = (line(), excerpt(transport));
            return Err(RegistryError::UnknownTransport { line, text });
        };
        if name.is_empty() {
            return Ok(());
        }
        if name.len() > MAX_NAME || !name.bytes().all(|b| b.is_ascii_graphic()) {
            return Err(RegistryError::NotAName { line: line(), text: excerpt(name) });
        }

        self.read = self.read.saturating_add(range.count());
        if self.read > MAX_ASSIGNMENTS {
            return Err(RegistryError::TooManyAssignments { line: line() });
        }
        for port in range.first()..=range.last() {
            let assigned = self.assigned.entry((port, name.to_owned()));
            assigned.or_insert((self.entries, 0)).1 |= 1 << bit;
        }
        Ok(())
    }

    /// The text of [`super::Registry`].
    pub(super) fn rows(&self) -> String {
        let mut rows: Vec<_> = self.assigned.iter().collect();
        rows.sort_unstable_by_key(|&((port, _), (entry, _))| (port, entry));
        let mut text = String::new();
        for ((port, name), (_, transports)) in rows {
            let known = TRANSPORTS.iter().enumerate();
            let letters: String = known
                .filter(|(bit, _)| (transports >> bit) & 1 == 1)
                .map(|(_, &(_, l))| l)
                .collect();
            text.extend([port.to_string().as_str(), "\t", letters.as_str(), "\t", name, "\n"]);
        }
        text
    }
}

fn offset(position: Option<&::csv::Position>) -> usize {
    position.and_then(|at| usize::try_from(at.byte()).ok()).unwrap_or_default()
}

/// The days in a date column, such as `2007-07-19`; older rows have only `2007-07`, newer ones may
/// have several days.
fn dates(field: &str) -> impl Iterator<Item = &str> {
    let number = |text: Option<&str>, digits| {
        text.filter(|text| text.len() == digits).and_then(|text| text.parse::<u16>().ok())
    };
    field.split(|c: char| !c.is_ascii_digit() && c != '-').filter(move |text| {
        let mut parts = text.split('-');
        number(parts.next(), 4).is_some()
            && number(parts.next(), 2).is_some_and(|month| (1..=12).contains(&month))
            && number(parts.next(), 2).is_some_and(|day| (1..=31).contains(&day))
            && parts.next().is_none()
    })
}

/// Enough of a field to find it by.
fn excerpt(text: &str) -> String {
    let mut excerpt: String = text.chars().take(40).collect();
    if excerpt.len() < text.len() {
        excerpt.push('…');
    }
    excerpt
}
