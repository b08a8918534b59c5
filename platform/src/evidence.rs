//! Captured evidence: text that somebody saved on any host, which answers as the live host would.
//!
//! What the evidence does not hold is `not-captured`, never a default and never a pass.

mod asked;
mod error;
mod linux_sockets;
mod recognise;
mod sockets;
mod texts;
mod tree;
mod tunables;
mod unwrap;
mod windows;

use std::borrow::Cow;

use crate::ask::{Answer, Ask, CensusOf, OpenSockets, Question, Refusal, Reply, SocketOwners};
use crate::os;
use crate::parse::console;
use crate::parse::decode::decoded;
use crate::parse::transcript::Transcript;
use crate::persisted::{File, Found, Persisted};
use crate::snapshot::{Family, Os, Reason, Source, Transport, Why};
use crate::source::Folder;
use crate::unread::Unread;
use crate::usage::CensusRows;
use asked::AskedContainer;
pub use error::EvidenceError;
use tree::Tree;
use tunables::Tunables;

/// One file of evidence.
#[derive(Debug, Clone)]
pub struct Piece {
    /// Its name, for sources and errors.
    pub name: String,
    /// Its content.
    pub bytes: Vec<u8>,
}

/// The most bytes that are no UTF-8: each takes three as U+FFFD, and no tool prints so many.
const MAX_FOREIGN: usize = 1024 * 1024;

/// The evidence of one host.
#[derive(Debug)]
#[non_exhaustive]
pub struct Evidence {
    os: Os,
    tunables: Tunables,
    windows: windows::Tables,
    sockets: sockets::Lists,
    linux_sockets: linux_sockets::LinuxLists,
    tree: Option<Tree>,
    asked: Option<AskedContainer>,
    /// What it was made of, where what persists is in it.
    texts: Vec<Piece>,
    left_out: Vec<Unread>,
}

/// Evidence before it is known of which system.
struct Understood {
    tunables: Tunables,
    windows: windows::Tables,
    sockets: sockets::Lists,
    linux_sockets: linux_sockets::LinuxLists,
    tree: Option<Tree>,
    asked: Option<AskedContainer>,
    signs: recognise::Signs,
}

impl Understood {
    fn named(
        self,
        pieces: Vec<Piece>,
        os: impl FnOnce(recognise::Signs) -> Result<Os, EvidenceError>,
    ) -> Result<Evidence, EvidenceError> {
        let Self { tunables, windows, sockets, linux_sockets, tree, asked, signs } = self;
        let os = os(signs)?;
        let texts = if os::persists_in_files(os) { Vec::new() } else { pieces };
        let left_out = Vec::new();
        Ok(Evidence { os, tunables, windows, sockets, linux_sockets, tree, asked, texts, left_out })
    }
}

impl Evidence {
    /// Understands the pieces, and what the trees among the folders hold, as one host's. `os`
    /// overrides what the text says of itself.
    pub fn read(
        pieces: Vec<Piece>,
        folders: Vec<Folder>,
        os: Option<Os>,
    ) -> Result<Self, EvidenceError> {
        let mut names: Vec<String> = pieces.iter().map(|piece| piece.name.clone()).collect();
        names.extend(folders.iter().map(|folder| folder.place("")));
        let tree = Tree::among(folders)?;
        let understood = Self::understood(&pieces, tree)?;
        understood.named(pieces, |signs| signs.os(os, &listed(&names)))
    }

    /// The same of a host whose root is that folder: an image, a chroot, or the tree of a
    /// sosreport. It need not say anything about ports but in the files that settings persist in.
    pub fn rooted(pieces: Vec<Piece>, root: Folder, os: Option<Os>) -> Result<Self, EvidenceError> {
        let place = root.place("");
        let (tree, of_files) = Tree::root(root);
        let understood = Self::understood(&pieces, Some(tree))?;
        understood.named(pieces, |signs| match signs.os(os, &place) {
            Err(EvidenceError::Empty(_)) => {
                os.or(of_files).ok_or_else(|| EvidenceError::NoSystem(place.clone()))
            }
            settings => settings,
        })
    }

    /// What is told of a piece before anything is taken off it: whether it is of one place, and
    /// whether it is the document of a container. What keeps that from being read may be what stands
    /// around it, so that it is tried again without.
    fn as_it_is(
        piece: &Piece,
        asked: &mut Option<AskedContainer>,
        signs: &mut recognise::Signs,
    ) -> Result<bool, EvidenceError> {
        let text = decoded(&piece.bytes);
        if let Some([one, other]) = console::two_places(&text) {
            return Err(EvidenceError::TwoPlaces { name: piece.name.clone(), one, other });
        }
        Ok(matches!(AskedContainer::read(asked, (&piece.name, &text), signs), Ok(true)))
    }

    fn understood(pieces: &[Piece], tree: Option<Tree>) -> Result<Understood, EvidenceError> {
        let mut tunables = Tunables::default();
        let mut windows = windows::Tables::default();
        let mut sockets = sockets::Lists::default();
        let mut linux_sockets = linux_sockets::LinuxLists::default();
        let mut asked = None;
        let mut signs = recognise::Signs::default();
        for (number, piece) in pieces.iter().enumerate() {
            let is_container = Self::as_it_is(piece, &mut asked, &mut signs)?;
            let bytes = unwrap::unwrapped(&piece.bytes);
            if !is_container {
                AskedContainer::read(&mut asked, (&piece.name, &bytes), &mut signs)?;
            }
            let text = text(&piece.name, &bytes)?;
            let transcript = Transcript::of(number, &text);
            windows.read(&piece.name, &bytes, &transcript, &mut signs)?;
            signs.see_text(&text, &piece.name);
            sockets.read(&piece.name, &text);
            linux_sockets.read(&piece.name, &text);
            let of = texts::TextOf { name: &piece.name, text: &text, transcript: &transcript };
            texts::read(&of, &mut signs, &mut tunables);
            texts::outdate(&of, &mut tunables, &mut windows);
            if tunables.are_too_many() {
                return Err(EvidenceError::TooMuch(piece.name.clone()));
            }
        }
        for (name, settings) in tree.iter().flat_map(Tree::sysctls) {
            signs.see(name, "", &settings.place);
            tunables.add(name, settings);
        }
        if tunables.are_too_many() {
            let names: Vec<String> = pieces.iter().map(|piece| piece.name.clone()).collect();
            return Err(EvidenceError::TooMuch(listed(&names)));
        }
        Ok(Understood { tunables, windows, sockets, linux_sockets, tree, asked, signs })
    }

    /// With the files that were given and could not be read: each with why.
    #[must_use]
    pub fn without(self, left_out: Vec<Unread>) -> Self {
        Self { left_out, ..self }
    }

    /// The system it is of.
    pub const fn os(&self) -> Os {
        self.os
    }

    fn answer(&self, question: Question<'_>) -> Answer {
        match question {
            Question::Tunable(name) => self.tunable(name),
            Question::Netsh(table, family, transport) => {
                self.windows.netsh(table, family, transport)
            }
            Question::NetSetting(transport) => self.windows.net_setting(transport),
            Question::Uname if self.os == Os::Linux => self.uname(),
            Question::File(path) if self.os == Os::Linux => {
                match &self.tree {
                    Some(tree) => tree.file(path),
                    None => self.asked.as_ref().and_then(|asked| asked.file(path)).unwrap_or_else(
                        || not_captured(Source::File(path.to_owned().into()), path),
                    ),
                }
            }
            Question::SocketTable(family, transport) if self.os == Os::Linux => self.socket_table(
                |tree| tree.socket_table(family, transport),
                |lists| lists.waiting(family, transport),
            ),
            Question::SocketTableOn(family, transport, ports) if self.os == Os::Linux => self
                .socket_table(
                    |tree| tree.socket_table_on(family, transport, ports),
                    |lists| lists.on(family, transport, ports),
                ),
            _ => not_captured(Source::Capture("evidence".into()), "it"),
        }
    }

    /// The kernel's own table, or what a program made of it.
    fn socket_table(
        &self,
        of_tree: impl FnOnce(&Tree) -> Answer,
        of_lists: impl FnOnce(&linux_sockets::LinuxLists) -> Option<Answer>,
    ) -> Answer {
        let of_tree = self.tree.as_ref().map(of_tree);
        match of_tree {
            Some(answer) if answer.outcome.is_ok() => answer,
            of_tree => of_lists(&self.linux_sockets).or(of_tree).unwrap_or_else(|| {
                not_captured(Source::Capture("evidence".into()), "a socket table")
            }),
        }
    }

    fn tunable(&self, name: &str) -> Answer {
        if let Some(settings) = self.tunables.settings.get(name) {
            let outcome = settings.outcome.clone().map(|bytes| self.as_printed(name, bytes));
            return Answer::new(Source::Capture(settings.place.clone().into()), outcome);
        }
        if let Some(why) = self.tunables.of_a_file(name) {
            let source = Source::Sysctl(name.to_owned().into());
            return Answer::new(source, Err(Refusal::Failed(why)));
        }
        self.asked
            .as_ref()
            .and_then(|asked| asked.tunable(name))
            .unwrap_or_else(|| not_captured(Source::Sysctl(name.to_owned().into()), name))
    }

    /// What was left out of the evidence, and what was taken for granted to understand it.
    pub(crate) fn notes(&self) -> Vec<Unread> {
        let replaced = self.tunables.notes.iter().cloned();
        let left_out = self.left_out.iter().cloned();
        let differs = self.asked.iter().flat_map(|asked| {
            self.tunables.settings.iter().filter_map(|(key, setting)| {
                asked.differs(key, setting.outcome.as_ref().ok()?, &setting.place)
            })
        });
        left_out.chain(self.windows.notes()).chain(replaced).chain(differs).collect()
    }

    /// The kernel's own form of a value: Linux ends it with a newline and parts the two bounds by a
    /// tab, which copying out of a terminal turns into blanks.
    fn as_printed(&self, name: &str, value: Vec<u8>) -> Vec<u8> {
        if self.os != Os::Linux {
            return value;
        }
        let text = String::from_utf8_lossy(&value);
        let text = match name {
            "net.ipv4.ip_local_port_range" => {
                text.split_whitespace().collect::<Vec<_>>().join("\t")
            }
            _ => text.into_owned(),
        };
        format!("{text}\n").into_bytes()
    }

    /// What `sysctl -a` tells of uname(2).
    fn uname(&self) -> Answer {
        let field =
            |name: &str| match self.tunables.settings.get(name).map(|settings| &settings.outcome) {
                Some(Ok(bytes)) => String::from_utf8_lossy(bytes).into_owned(),
                _ => self
                    .asked
                    .iter()
                    .filter(|_| name == "kernel.hostname")
                    .find_map(AskedContainer::hostname)
                    .unwrap_or_default()
                    .to_owned(),
            };
        let fields = [
            "kernel.ostype",
            "kernel.hostname",
            "kernel.osrelease",
            "kernel.version",
            "kernel.arch",
        ];
        let bytes =
            fields.iter().flat_map(|name| format!("{}\0", field(name)).into_bytes()).collect();
        Answer::new(Source::Capture("evidence".into()), Ok(bytes))
    }
}

/// Answers as the live host would.
impl Ask for Evidence {
    fn ask(&self, question: Question<'_>) -> Answer {
        self.answer(question)
    }

    fn census(&self, of: &CensusOf<'_>) -> Reply<CensusRows> {
        match self.os {
            Os::Linux => not_captured(Source::Capture("evidence".into()), "it"),
            _ => self.sockets.census(of),
        }
    }

    fn owners(&self, inodes: &[u64]) -> Reply<SocketOwners> {
        self.linux_sockets.owners(inodes, self.tree.as_ref())
    }

    fn listeners(&self, family: Family, transport: Transport) -> Reply<OpenSockets> {
        self.sockets.of(family, transport)
    }

    fn persisted(&self, os: Os) -> Result<Persisted, Why> {
        if let Some(tree) = &self.tree {
            let mut persisted = tree.folder().persisted(os);
            if os == Os::Linux {
                // What the host may have that was not copied into the tree.
                persisted.unread.extend(tree.uncopied());
            }
            return Ok(persisted);
        }
        if let Some(asked) = &self.asked {
            return Err(asked.persists());
        }
        if os::persists_in_files(os) {
            let detail = "it persists in files: give a folder with the host's /etc in it";
            return Err(Why::new(Reason::NotCaptured, detail));
        }
        let file = |piece: &Piece| File {
            name: piece.name.as_bytes().to_vec(),
            path: piece.name.clone(),
            place: piece.name.clone(),
            found: Found::Text(unwrap::unwrapped(&piece.bytes).into_owned()),
        };
        Ok(Persisted { files: self.texts.iter().map(file).collect(), ..Persisted::default() })
    }
}

fn not_captured<T>(source: Source, what: &str) -> Reply<T> {
    let why = Why::new(Reason::NotCaptured, format!("the evidence does not hold {what}"));
    Reply::new(source, Err(Refusal::Failed(why)))
}

/// The names, the first few of them.
fn listed(names: &[String]) -> String {
    const SHOWN: usize = 8;
    let shown = names.iter().take(SHOWN).map(String::as_str).collect::<Vec<_>>().join(", ");
    match names.len().saturating_sub(SHOWN) {
        0 => shown,
        others => format!("{shown} and {others} others"),
    }
}

/// The piece as text.
fn text<'a>(name: &str, bytes: &'a [u8]) -> Result<Cow<'a, str>, EvidenceError> {
    let foreign = bytes.utf8_chunks().map(|chunk| chunk.invalid().len()).sum::<usize>();
    if foreign > MAX_FOREIGN {
        let what = format!("not text: {foreign} of its bytes are not UTF-8");
        return Err(EvidenceError::Damaged { name: name.to_owned(), what });
    }
    Ok(String::from_utf8_lossy(bytes))
}
