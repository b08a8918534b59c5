use super::*;
use crate::policy::Profile;

const RULES: &[&str] = &["listener-in-pool", "narrow-pool"];

fn asked(text: &str, asked: &Asked) -> Result<Policy, String> {
    read(text, "policy.toml", RULES, asked, Registry::built_in())
        .map_err(|mistake| mistake.to_string())
}

fn policy(text: &str) -> Result<Policy, String> {
    asked(text, &Asked::default())
}

#[test]
fn the_command_line_goes_before_the_file() {
    let text = "profile = \"rfc6056\"\nfail-on = \"high\"";
    let file = policy(text).expect("a policy");
    assert_eq!((file.profile, file.fail_on), (Profile::Rfc6056, Some(Severity::High)));
    assert_eq!(file.allowed, [PortRange::between(1024, 65535)]);
    let by_hand =
        Asked { profile: Some(Profile::Iana), fail_on: Some(Threshold::Never), ..Asked::default() };
    let both = asked(text, &by_hand).expect("a policy");
    assert_eq!((both.profile, both.fail_on), (Profile::Iana, None));
    let none = policy("").expect("a policy");
    assert_eq!((none.profile, none.fail_on), (Profile::Iana, Some(Severity::Medium)));
}

#[test]
fn everything_that_a_policy_can_say() {
    let policy = policy(
        r#"
profile = "vendor"
fail-on = "none"
allowed-ranges = ["32768-60999", "49152-65535"]
min-pool = 16000
near-exhaustion = 70
services = ["postgres"]

[rules]
narrow-pool = "off"
listener-in-pool = "critical"

[[service]]
name = "edge"
ports = "40000-40010"
transport = "udp"

[[waiver]]
rule = "narrow-pool"
host = "web*"
ports = "50010"
reason = "until the move"
owner = "net"
expires = 2027-01-31
"#,
    )
    .expect("a policy");
    assert_eq!((policy.profile, policy.fail_on), (Profile::Vendor, None));
    assert_eq!(
        policy.allowed,
        [PortRange::between(32768, 60999), PortRange::between(49152, 65535)]
    );
    assert_eq!((policy.min_pool, policy.near_exhaustion), (16_000, 70));
    assert_eq!(policy.weights["narrow-pool"], Weight::Off);
    assert_eq!(policy.weights["listener-in-pool"], Weight::Always(Severity::Critical));
    let names: Vec<String> = policy.services.iter().map(ToString::to_string).collect();
    assert_eq!(names, ["PostgreSQL (5432/tcp)", "PgBouncer (6432/tcp)", "edge (40000-40010/udp)"]);
    let [waiver] = &policy.waivers[..] else { panic!("{:?}", policy.waivers) };
    assert_eq!((waiver.line, waiver.scope.as_str()), (19, "*"));
    assert_eq!(waiver.expires.as_deref(), Some("2027-01-31"));
}

#[test]
fn a_mistake_is_told_with_its_place_and_what_was_meant() {
    for (text, message) in [
        (
            "min-pol = 5",
            "line 1, column 1: there is no key \"min-pol\"; did you mean \"min-pool\"?",
        ),
        (
            "\n[rules]\n  narow-pool = \"off\"",
            "line 3, column 3: there is no rule \"narow-pool\"; did you mean \"narrow-pool\"?",
        ),
        (
            "[rules]\nnarrow-pool = \"hgih\"",
            "line 2, column 15: there is no severity \"hgih\"; did you mean \"high\"?",
        ),
        (
            "profile = \"aina\"",
            "line 1, column 11: there is no profile \"aina\"; did you mean \"iana\"?",
        ),
        (
            "services = [\"x\"]",
            "line 1, column 13: there is no set of services \"x\"; there are: calico, ",
        ),
        (
            "allowed-ranges = [\"9-1\"]",
            "line 1, column 19: \"9-1\" is not a range such as 49152-65535",
        ),
        ("near-exhaustion = 0", "line 1, column 19: 0 is not from 1 to 100"),
        ("min-pool = \"x\"", "line 1, column 12: "),
        (
            "min-pool = -1",
            "line 1, column 12: invalid value: integer `-1`, expected a number from 0",
        ),
        ("= 1", "line 1, column 1: "),
        (
            "[[waiver]]\nrule = \"narrow-pool\"\nreason = \" \"\nowner = \"me\"",
            "line 3, column 10: a waiver needs a reason and an owner",
        ),
        (
            "[[waiver]]\nrule = \"narrow-pool\"\nreason = \"x\"",
            "line 1, column 1: missing field `owner`",
        ),
        (
            "[[waiver]]\nrule = \"narrow-pool\"\nreason = \"x\"\nowner = \"x\"\nexpires = 07:00:00",
            "line 5, column 11: a date such as 2027-01-31 is expected",
        ),
    ] {
        let mistake = policy(text).err().unwrap_or_else(|| panic!("{text} is taken"));
        assert!(mistake.starts_with(message), "{text}\n{mistake}\n{message}");
    }
}
