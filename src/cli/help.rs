//! What `--help` says beside the options: examples before them, exit codes after them.

/// Examples come first.
pub const TEMPLATE: &str =
    "{about-with-newline}\n{before-help}{usage-heading} {usage}\n\n{all-args}{after-help}";

/// The headings of the options.
pub const JUDGE: &str = "Judge";
pub const READ: &str = "Read";
pub const WRITE: &str = "Write";

/// What `-h` prints: one screen; `--help` has every option.
pub const SHORT: &str = "\
Audits the ephemeral port range of this host; it only reads.

Usage: ephaudit [OPTIONS]   or   ephaudit COMMAND [OPTIONS]

Judge
  --profile NAME        by which recommendation: iana, kubernetes, vendor, ...
  --policy FILE.toml    by your own policy; --no-policy ignores the system's
  --services NAME,...   with services that no socket shows; `policy services`
  --fail-on SEVERITY    what gives exit code 1: high, medium, low, ...
  --exit-zero           exit with 0 whatever is found
Read
  --boot                also what the settings will be after a reboot
  --all-netns           every network namespace, as root
  --usage DEPTH         auto, counters, top (each connection), full
  --from PATH...        a capture, or what other systems' tools printed
  --root DIR            the files of an image or a chroot
Write
  --format FORMAT       table, json, html, csv, junit, sarif, nagios, ...
  --emit FORMAT=PATH    also to a file; may be repeated
  -o, --output PATH     to a file, whole or not at all
  -v, --verbose         everything that was read and judged; -vv what was asked
  -q, --quiet           nothing; the exit code says it

Commands
  explain PORT|RULE     who holds a port, what a service meets there; or a rule
  boot                  what the settings will be after a reboot, and why
  watch                 the screen again and again; or a report a period
  show                  the facts, without a verdict
  plan                  a better range and list: commands, what they change
  probe                 ask the kernel for ports, and compare with its settings
  capture, convert      save all that is read; render a saved report again
  policy, rules         write or check a policy; list the rules
  fleet, absence        reports of many hosts; why one is missing
  schema, completions, man

Exit codes: 0 compliant, 1 findings, 2 wrong usage, 3 undetermined, 4 no output
More: ephaudit --help, ephaudit COMMAND --help
";

pub const EXIT_CODES: &str = "\
Exit codes:
  0  every rule has an answer, and no finding reaches --fail-on
  1  at least one finding reaches --fail-on
  2  wrong usage, or an unreadable policy or input; nothing was judged
  3  could not determine: a rule has no answer, and no finding reaches --fail-on
  4  internal error, or the output could not be written";

pub const MAIN: &str = "\
Examples:
  ephaudit                                      audit this host
  ephaudit -v                                   everything that was read and judged
  ephaudit --profile kubernetes --all-netns     a Kubernetes node, with its containers
  ephaudit --format json -o report.json         for programs
  ephaudit --emit junit=r.xml --emit html=r.html --quiet
  ephaudit explain 33060                        who holds that port, and what happens to a service
  ephaudit --from web1.capture                  another host, from its capture
";

pub const AUDIT: &str = "\
Examples:
  ephaudit audit                                the same as plain `ephaudit`
  ephaudit audit --fail-on high --exit-zero     for inventory jobs
  ephaudit audit --policy fleet.toml            by your own policy
  ephaudit audit --services kubernetes,postgres with services that no socket shows
  ephaudit audit --usage top --top 20           every connection is examined
  ephaudit audit --from sysctl.txt --os linux   what a tool printed elsewhere
";

pub const WATCH: &str = "\
Examples:
  ephaudit watch                                the screen again every two seconds
  ephaudit watch --every 1min --jitter 10s --format ndjson
  ephaudit watch --every 30s --format prometheus --output ephaudit.prom
";

pub const SHOW: &str = "\
Examples:
  ephaudit show                                 the facts of this host
  ephaudit show --all-netns --format json       for every namespace
  ephaudit show --usage full                    who uses the ports, with sockets that are only bound
";

pub const CAPTURE: &str = "\
Examples:
  ephaudit capture -o web1.capture              on the host, as root
  ephaudit --from web1.capture                  on any machine
";

pub const BOOT: &str = "\
Examples:
  ephaudit boot                                 which file wins on this host
  ephaudit boot --root /mnt/image               in an image
  ephaudit boot --from persistent.txt --os windows
";

pub const EXPLAIN: &str = "\
Examples:
  ephaudit explain 33060                        TCP and UDP
  ephaudit explain 33060/tcp --format json
  ephaudit explain listener-in-pool             a rule's page
";

pub const EXPLAIN_MORE: &str = "\
A port is explained as it is now: its class and IANA's name for it, whether clients can be given it, \
who holds it, what happens to a service that binds it, with and without SO_REUSEADDR, and what to do. \
Exit code 0 means that it was explained; what could not be read is named. With --from, put the port \
first: ephaudit explain 33060 --from web1.json";

pub const PLAN: &str = "\
Examples:
  ephaudit plan                                 the change, what it gives, and the commands for it
  ephaudit plan --prefer capacity --rate 300    the most ports; 300 new connections a second
  ephaudit plan --set range=keep                only the list may change
  ephaudit plan --from web1.capture --services kubernetes --format markdown
  ephaudit plan --snippet sysctl.d -o 99-zz-ip-local-reserved-ports.conf
";

pub const PLAN_MORE: &str = "\
Of all ranges that the policy allows, and all lists that keep what is reserved now, the best is taken: \
no service stays in the pool, the pool has the ports that are wanted, and least changes. It is judged \
by the rules of the audit, on a copy of what was read.

Exit codes:
  0  nothing is to be done, or the host passes after the plan
  1  a finding that reaches --fail-on stays, or the demand cannot be met
  2  wrong usage, or an unreadable policy or input
  3  could not determine: what the plan rests on was not read, and no finding reaches --fail-on
  4  internal error, or the output could not be written";

pub const PROBE: &str = "\
Examples:
  ephaudit probe                                256 ports for each kind of socket
  ephaudit probe --count 4096 --format json
";

pub const PROBE_MORE: &str = "\
It opens sockets on 127.0.0.1 and ::1 only, one after the other, and closes each at once: nothing \
leaves the host, no TIME_WAIT remains, and it never holds more than half of the pool. It changes no \
setting.

Exit codes:
  0  the kernel hands out what its settings say
  1  it does not: a finding reaches --fail-on
  2  wrong usage
  3  could not determine: the kernel refused, the settings could not be read, or open sockets may
     explain a difference; and nothing reaches --fail-on
  4  internal error, or the output could not be written";

pub const CONVERT: &str = "\
Examples:
  ephaudit --format json -o report.json; ephaudit convert report.json --format html -o report.html
  ephaudit convert report.json                  as a table
  ssh web1 ephaudit --format json | ephaudit convert - --format junit
";

pub const POLICY: &str = "\
Examples:
  ephaudit policy new -o policy.toml            one that this host satisfies
  ephaudit policy check policy.toml             after a change
  ephaudit policy services                      the sets that --services takes
";

pub const POLICY_NEW: &str = "\
Examples:
  ephaudit policy new                           print one
  ephaudit policy new --output policy.toml --profile kubernetes
  ephaudit policy new --usage top --boot        also for what a closer look finds
";

pub const POLICY_CHECK: &str = "\
Examples:
  ephaudit policy check /etc/ephaudit/policy.toml
";

pub const POLICY_SERVICES: &str = "\
Examples:
  ephaudit policy services
";

pub const FLEET: &str = "\
Examples:
  ephaudit fleet reports/                       what the files in a folder come to
  ephaudit fleet today.ndjson.zst --inventory hosts.csv
  ephaudit fleet reports/ --format hosts --hosts odd
  ephaudit fleet diff yesterday/ today/         what changed
";

pub const FLEET_CODES: &str = "\
Exit codes:
  0  all expected hosts are there and comply
  1  a host has findings
  2  wrong usage, or there is no input
  3  no host has findings, but some are undetermined, missing or stale, or a row is no report
  4  internal error, or the output could not be written";

pub const FLEET_DIFF: &str = "\
Examples:
  ephaudit fleet diff yesterday/ today/         two runs
  ephaudit fleet diff before.json after.json    two reports of one host
";

pub const FLEET_DIFF_CODES: &str = "\
A rule is fixed only where it passes now. What has no answer now is lost from sight, and what another \
measure judged does not compare.

Exit codes:
  0  no host has got a new finding
  1  a host has, and its status is findings
  2  wrong usage, or there is no input
  3  none has, but hosts are gone, a rule was lost from sight, the measure is another, or a row is no
     report
  4  internal error, or the output could not be written";

pub const ABSENCE: &str = "\
Examples:
  ephaudit absence --host web7 --why unreachable >> reports.ndjson
";

pub const RULES: &str = "\
Examples:
  ephaudit rules
  ephaudit rules --format json                  with their pages
";

pub const SCHEMA: &str = "\
Examples:
  ephaudit schema                               for the report
  ephaudit schema explanation
";

pub const COMPLETIONS: &str = "\
Examples:
  ephaudit completions bash > /etc/bash_completion.d/ephaudit
  ephaudit completions zsh > /usr/local/share/zsh/site-functions/_ephaudit
  ephaudit completions fish > ~/.config/fish/completions/ephaudit.fish
  ephaudit completions powershell >> $PROFILE
";

pub const MAN: &str = "\
Examples:
  ephaudit man > /usr/local/share/man/man1/ephaudit.1
  ephaudit man policy new | man -l -
";
