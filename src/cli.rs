//! The command line: types only; parsing does nothing.
//!
//! Only commands have doc comments: clap would use that of a struct of arguments as the sentence of
//! every command that has these arguments.

mod confine;
mod fleet;
mod help;
mod hinted;
mod identity;
mod named;
mod output;
mod plan;
mod values;
mod watch;

pub use confine::{CaptureArgs, Confine, ConfineArgs};
pub use fleet::{FleetArgs, FleetCommand, FleetDiffArgs, RollArgs, RollReadArgs};
pub use help::SHORT;
pub use identity::{AbsenceArgs, IdentityArgs};
pub use named::NamedFile;
pub use output::{Emission, FORMAT_VARIABLE, OutputArgs, ReportArgs};
pub use plan::PlanArgs;
pub use values::{Color, EvidenceOs, FailOn, UsageDepth};
pub use watch::WatchArgs;

use std::path::PathBuf;

use clap::builder::{PossibleValue, PossibleValuesParser};
use clap::{ArgGroup, Args, Parser, Subcommand, ValueHint};
use clap_complete::Shell;

use crate::policy::Profile;
use crate::policy::services::SETS;
use crate::render::{Format, Kind, Screen};
use crate::rules::RULES;
use hinted::Hinted;

/// Names the policy where --policy does not.
pub const POLICY_VARIABLE: &str = "EPHAUDIT_POLICY";

/// Names the registry where --registry does not.
pub const REGISTRY_VARIABLE: &str = "EPHAUDIT_REGISTRY";

/// Takes precedence over a policy that the environment names.
pub const NO_POLICY: &str = "--no-policy";

/// Audits the ephemeral port range of this host: what the kernel really hands out, against RFC 6335
/// and the services inside.
///
/// It only reads. A value that cannot be read is reported as unknown, never replaced by a default.
#[derive(Debug, Parser)]
#[command(
    version,
    before_help = help::MAIN,
    after_help = help::EXIT_CODES,
    help_template = help::TEMPLATE,
    args_conflicts_with_subcommands = true
)]
pub struct Cli {
    /// What to do; `audit` by default.
    #[command(subcommand)]
    pub command: Option<Command>,
    /// The audit's options.
    #[command(flatten)]
    pub audit: AuditArgs,
}

impl Cli {
    /// The format of the report, where there is to be one.
    pub const fn format(&self) -> Option<Format> {
        match &self.command {
            None => Some(self.audit.show.report.format),
            Some(Command::Audit(args)) => Some(args.show.report.format),
            Some(Command::Watch(args)) => Some(args.audit.show.report.format),
            Some(Command::Show(args)) => Some(args.report.format),
            Some(Command::Convert(args)) => Some(args.report.format),
            Some(_) => None,
        }
    }
}

/// The subcommands. Those that are not called are not made: there are many options.
#[derive(Debug, Subcommand)]
#[command(defer = true)]
pub enum Command {
    /// Audit this host (the default)
    #[command(before_help = help::AUDIT, after_help = help::EXIT_CODES, help_template = help::TEMPLATE)]
    Audit(AuditArgs),
    /// Audit this host again and again, until interrupted
    ///
    /// On a terminal the screen is drawn again, with what changed since. Elsewhere there is one
    /// report for each period, on standard output or in the file of --output. SIGTERM and SIGINT end
    /// it with the exit code of the last audit.
    #[command(before_help = help::WATCH, after_help = help::EXIT_CODES, help_template = help::TEMPLATE)]
    Watch(WatchArgs),
    /// Show the facts, without a verdict
    #[command(before_help = help::SHOW, help_template = help::TEMPLATE)]
    Show(ShowArgs),
    /// Save everything an audit reads on this host in one file, for --from on any machine
    #[command(before_help = help::CAPTURE, help_template = help::TEMPLATE)]
    Capture(CaptureArgs),
    /// Show what the settings will be after a reboot: which file wins, what it overrides, and what
    /// never applies
    #[command(before_help = help::BOOT, help_template = help::TEMPLATE)]
    Boot(BootArgs),
    /// Explain a port of this host (who holds it, and what happens to a service there), or a rule
    #[command(before_help = help::EXPLAIN, after_help = help::EXPLAIN_MORE, help_template = help::TEMPLATE)]
    Explain(ExplainArgs),
    /// Plan the range and the reserved ports that this host had better have; nothing is applied
    #[command(before_help = help::PLAN, after_help = help::PLAN_MORE, help_template = help::TEMPLATE)]
    Plan(PlanArgs),
    /// Ask the kernel for ports, on loopback, and compare what it hands out with its settings
    #[command(before_help = help::PROBE, after_help = help::PROBE_MORE, help_template = help::TEMPLATE)]
    Probe(ProbeArgs),
    /// Render saved reports again, in any format, on any machine
    ///
    /// A report that contradicts itself is refused, but one that does not may still be forged: keep
    /// the file where others cannot write, or sign it.
    #[command(before_help = help::CONVERT, help_template = help::TEMPLATE)]
    Convert(ConvertArgs),
    /// Write a policy that this host satisfies, check one, or list the service sets
    #[command(subcommand, before_help = help::POLICY, help_template = help::TEMPLATE)]
    Policy(PolicyCommand),
    /// Put many reports together: what is set on how many hosts, which are odd or missing, what was
    /// found
    #[command(before_help = help::FLEET, after_help = help::FLEET_CODES, help_template = help::TEMPLATE)]
    Fleet(FleetArgs),
    /// Say why there is no report of a host, for a roll-up of many
    #[command(before_help = help::ABSENCE, help_template = help::TEMPLATE)]
    Absence(AbsenceArgs),
    /// List the rules with their severities
    #[command(before_help = help::RULES, help_template = help::TEMPLATE)]
    Rules(RulesArgs),
    /// Print the JSON Schema of the report, or of another document
    #[command(before_help = help::SCHEMA, help_template = help::TEMPLATE)]
    Schema {
        /// The document to describe
        #[arg(value_enum, default_value_t = Kind::Report, value_name = "DOCUMENT")]
        kind: Kind,
        /// Where and how to write
        #[command(flatten)]
        output: OutputArgs,
    },
    /// Print a shell completion script
    #[command(before_help = help::COMPLETIONS, help_template = help::TEMPLATE)]
    Completions {
        /// The shell
        #[arg(value_enum, value_name = "SHELL")]
        shell: Shell,
        /// Where and how to write
        #[command(flatten)]
        output: OutputArgs,
    },
    /// Print a manual page
    #[command(before_help = help::MAN, help_template = help::TEMPLATE)]
    Man(ManArgs),
}

// How to judge.
#[derive(Debug, Args)]
pub struct AuditArgs {
    /// What to judge by
    #[command(flatten)]
    pub measure: MeasureArgs,
    /// Exit with 0 instead of 1 or 3, for inventory jobs
    #[arg(long, help_heading = help::JUDGE)]
    pub exit_zero: bool,
    /// What to read and how to write it
    #[command(flatten)]
    pub show: ShowArgs,
}

// What to judge by.
#[derive(Debug, Args)]
#[command(next_help_heading = help::JUDGE)]
pub struct MeasureArgs {
    /// Use this policy instead of the system-wide one: /etc/ephaudit/policy.toml, or policy.toml in
    /// %PROGRAMDATA%\ephaudit
    #[arg(long, value_name = "FILE.toml", value_parser = NamedFile::parser(), value_hint = ValueHint::AnyPath, env = POLICY_VARIABLE, hide_env_values = true)]
    pub policy: Option<NamedFile>,
    /// Ignore the system-wide policy
    #[arg(long, conflicts_with = "policy")]
    pub no_policy: bool,
    /// What takes precedence over the policy
    #[command(flatten)]
    pub profile: ProfileArgs,
}

// What the command line sets.
#[derive(Debug, Args)]
#[command(next_help_heading = help::JUDGE)]
pub struct ProfileArgs {
    /// The recommendation to judge by [default: the policy's, or iana]
    #[arg(long, value_enum, env = "EPHAUDIT_PROFILE", hide_env_values = true)]
    pub profile: Option<Profile>,
    /// The lowest severity that gives exit code 1 [default: the policy's, or medium]
    #[arg(
        long,
        value_enum,
        value_name = "SEVERITY",
        env = "EPHAUDIT_FAIL_ON",
        hide_env_values = true
    )]
    pub fail_on: Option<FailOn>,
    /// Sets of services that have no socket of their own, separated by commas: see
    /// `ephaudit policy services`
    #[arg(long, value_name = "NAME", value_delimiter = ',', value_parser = set_names(), env = "EPHAUDIT_SERVICES", hide_env_values = true)]
    pub services: Vec<String>,
}

fn set_names() -> PossibleValuesParser {
    PossibleValuesParser::new(SETS.iter().map(|set| set.name))
}

// What to read.
#[derive(Debug, Args)]
#[command(next_help_heading = help::READ)]
pub struct ReadArgs {
    /// Whose facts
    #[command(flatten)]
    pub facts: FactsArgs,
    /// Whose files
    #[command(flatten)]
    pub tree: RootArgs,
    /// Also read the files that settings persist in, and judge the settings after a reboot
    #[arg(long)]
    pub boot: bool,
    /// Read every network namespace of this host; needs root for most of them
    #[arg(long)]
    pub all_netns: bool,
    /// How closely to look at who uses the pool
    #[arg(long, value_enum, default_value_t = UsageDepth::Auto, value_name = "DEPTH", env = "EPHAUDIT_USAGE", hide_env_values = true)]
    pub usage: UsageDepth,
    /// How the reading is confined
    #[command(flatten)]
    pub confine: ConfineArgs,
}

// What to read and how to write it.
#[derive(Debug, Args)]
pub struct ShowArgs {
    /// What to read
    #[command(flatten)]
    pub read: ReadArgs,
    /// Which host it is
    #[command(flatten)]
    pub identity: IdentityArgs,
    /// How many destinations to show
    #[arg(long, value_name = "N", default_value_t = 10, help_heading = help::READ)]
    pub top: usize,
    /// In which formats
    #[command(flatten)]
    pub report: ReportArgs,
}

fn rule_names() -> Vec<PossibleValue> {
    RULES.iter().map(|rule| PossibleValue::new(rule.name)).collect()
}

// Of what to print the manual page.
#[derive(Debug, Args)]
pub struct ManArgs {
    /// A command, such as `explain` or `policy new` [default: the program]
    #[arg(value_name = "COMMAND")]
    pub command: Vec<String>,
    /// Where and how to write
    #[command(flatten)]
    pub output: OutputArgs,
}

/// What to do with policies.
#[derive(Debug, Subcommand)]
pub enum PolicyCommand {
    /// Write a policy that this host satisfies as it is, with comments
    #[command(before_help = help::POLICY_NEW, help_template = help::TEMPLATE)]
    New(PolicyNewArgs),
    /// Show what a policy says; errors come with line and column
    #[command(before_help = help::POLICY_CHECK, help_template = help::TEMPLATE)]
    Check {
        /// The policy
        #[arg(value_name = "FILE.toml")]
        file: PathBuf,
        /// Where and how to write
        #[command(flatten)]
        output: OutputArgs,
    },
    /// List the sets of services that --services takes, with their ports and sources
    #[command(before_help = help::POLICY_SERVICES, help_template = help::TEMPLATE)]
    Services(OutputArgs),
}

// Of which host to write a policy.
#[derive(Debug, Args)]
pub struct PolicyNewArgs {
    /// What it is to say
    #[command(flatten)]
    pub profile: ProfileArgs,
    /// Of what
    #[command(flatten)]
    pub read: ReadArgs,
    /// Overwrite an existing file
    #[arg(long)]
    pub force: bool,
    /// Where and how to write
    #[command(flatten)]
    pub output: OutputArgs,
}

// What to render again.
#[derive(Debug, Args)]
pub struct ConvertArgs {
    /// Reports that --format json or ndjson wrote; - is standard input. Of more than one: csv,
    /// ndjson, ocsf, summary, github or codequality
    #[arg(value_name = "REPORT.json", required = true)]
    pub saved: Vec<PathBuf>,
    /// In which formats
    #[command(flatten)]
    pub report: ReportArgs,
}

// Whose settings, and how to write what they will be.
#[derive(Debug, Args)]
pub struct BootArgs {
    /// Table for people, JSON for programs: the report, without a verdict
    #[arg(long, value_enum, default_value_t = Screen::Table)]
    pub format: Screen,
    /// Whose facts
    #[command(flatten)]
    pub facts: FactsArgs,
    /// Whose files
    #[command(flatten)]
    pub tree: RootArgs,
    /// Where and how to write
    #[command(flatten)]
    pub output: OutputArgs,
}

// How to list the rules.
#[derive(Debug, Args)]
pub struct RulesArgs {
    /// Table for people, JSON for programs, with the pages
    #[arg(long, value_enum, default_value_t = Screen::Table)]
    pub format: Screen,
    /// Where and how to write
    #[command(flatten)]
    pub output: OutputArgs,
}

// What to ask the kernel for.
#[derive(Debug, Args)]
pub struct ProbeArgs {
    /// How many ports to request for each kind of socket: TCP and UDP, IPv4 and IPv6, by bind() and
    /// by connect()
    #[arg(long, value_name = "N", default_value_t = 256, value_parser = clap::value_parser!(u32).range(1..=4096))]
    pub count: u32,
    /// The lowest severity that gives exit code 1
    #[arg(long, value_enum, default_value_t = FailOn::Medium, value_name = "SEVERITY")]
    pub fail_on: FailOn,
    /// Table for people, JSON for programs
    #[arg(long, value_enum, default_value_t = Screen::Table)]
    pub format: Screen,
    /// Print nothing; use the exit code
    #[arg(short, long)]
    pub quiet: bool,
    /// Where and how to write
    #[command(flatten)]
    pub output: OutputArgs,
}

// Whose facts, and whose names for ports.
#[derive(Debug, Args)]
#[command(next_help_heading = help::READ)]
#[command(group = ArgGroup::new("elsewhere").multiple(true))]
pub struct FactsArgs {
    /// Read captured evidence instead of this host: a file of `ephaudit capture`, the output of
    /// sysctl, netsh, Get-NetTCPSetting, ipadm, ndd or no (- is standard input), a folder of such
    /// files, or an extracted sosreport
    #[arg(long, value_name = "PATH", num_args = 1.., group = "elsewhere")]
    pub from: Vec<PathBuf>,
    /// The system that the evidence is from, if it does not show it
    #[arg(long, value_enum, value_name = "NAME", requires = "elsewhere")]
    pub os: Option<EvidenceOs>,
    /// Use a newer registry: IANA's service-names-port-numbers.csv
    #[arg(long, value_name = "FILE.csv", value_parser = NamedFile::parser(), value_hint = ValueHint::AnyPath, env = REGISTRY_VARIABLE, hide_env_values = true)]
    pub registry: Option<NamedFile>,
}

// Whose files are read.
#[derive(Debug, Args)]
#[command(next_help_heading = help::READ)]
pub struct RootArgs {
    /// Read the files in DIR instead of this host: an image, a chroot, or an extracted sosreport;
    /// implies --boot
    #[arg(long, value_name = "DIR", group = "elsewhere")]
    pub root: Option<PathBuf>,
}

// What to explain.
#[derive(Debug, Args)]
pub struct ExplainArgs {
    /// A port (33060, 33060/tcp, 33060/udp), a service's name (mysqlx), or a rule's name as in
    /// `ephaudit rules`
    #[arg(value_name = "PORT|RULE", allow_negative_numbers = true, value_parser = Hinted::new(rule_names(), |text| Ok(text.to_owned())), hide_possible_values = true)]
    pub subject: String,
    /// Table for people, JSON for programs; a rule's page is Markdown, or JSON
    #[arg(long, value_enum, value_name = "FORMAT")]
    pub format: Option<Screen>,
    /// Whose facts
    #[command(flatten)]
    pub facts: FactsArgs,
    /// How the reading is confined
    #[command(flatten)]
    pub confine: ConfineArgs,
    /// Where and how to write
    #[command(flatten)]
    pub output: OutputArgs,
}
