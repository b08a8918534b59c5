//! What the tools of containers tell: values that were asked for, and that nobody read.

use serde_json::{Value, json};

use crate::support::evidence::{bounds, document, from_stdin, range, shown};
use crate::support::{code, run, stderr, stdout};

const DOCKER: &str = "fixtures/hosts/linux-docker-inspect/inspect.json";

/// The range among what is not known.
const RANGE: &str = "ephemeral range";

/// A running container of Docker with this HostConfig, and what differs of it.
fn docker(host_config: &Value, more: &Value) -> String {
    let mut one = json!({
        "Name": "/web1",
        "State": { "Status": "running", "Running": true },
        "HostConfig": host_config,
    });
    let more = more.as_object().expect("keys").clone();
    one.as_object_mut().expect("an object").extend(more);
    format!("{:#}\n", json!([one]))
}

fn asking(network: &str) -> Value {
    json!({ "NetworkMode": network, "Sysctls": { "net.ipv4.ip_local_port_range": "49152 65535" } })
}

fn told(text: &str) -> Value {
    document(&from_stdin(text, &["show", "--format", "json"]))
}

/// Why a fact is not known.
fn why(document: &Value, what: &str) -> String {
    let gaps = document["gaps"].as_array().expect("gaps");
    let gap = gaps.iter().find(|gap| gap["what"] == what);
    gap.unwrap_or_else(|| panic!("{document:#}"))["detail"].as_str().expect("a reason").to_owned()
}

#[test]
fn what_was_asked_for_is_shown_as_such() {
    let document = document(&shown(&[DOCKER.to_owned()], None));
    let range = range(&document, "tcp", "ipv4");
    assert_eq!(bounds(range), (10240, 60999));
    assert_eq!(range["source"], json!({ "kind": "asked", "location": format!("{DOCKER}:21") }));
    assert_eq!(document["host"]["environment"], "docker");
    assert_eq!(document["host"]["name"], "4bb1c8fd2c1e");
    assert_eq!(document["scopes"][0]["kind"], "container");
    // What is not asked for is not the kernel's default.
    let start = why(&document, "unprivileged port start");
    assert!(start.contains("docker exec web1 sysctl net.ipv4."), "{start}");
    let page = stdout(&run(&["show", "-v", "--from", DOCKER]));
    assert!(page.contains("asked for in"), "{page}");
}

#[test]
fn what_was_asked_for_shows_findings_and_never_passes() {
    let output = run(&["--format", "json", "--from", DOCKER]);
    let judged = document(&output);
    let verdicts = judged["rules"].as_array().expect("rules");
    let passed: Vec<&Value> = verdicts.iter().filter(|rule| rule["verdict"] == "pass").collect();
    assert!(passed.is_empty(), "{passed:#?}");
    let found = judged["findings"].as_array().expect("findings");
    let finding = found.iter().find(|finding| finding["rule"] == "outside-dynamic-ports");
    let finding = finding.unwrap_or_else(|| panic!("no finding: {judged:#}"));
    let steps = finding["steps"].to_string();
    assert!(steps.contains("docker run --sysctl"), "{steps}");
    assert!(!steps.contains("sysctl -w"), "{steps}");
    // The Dynamic Ports, and nothing amiss: nobody looked whether the kernel has them.
    let clean = docker(&asking("bridge"), &json!({}));
    let output = from_stdin(&clean, &["--format", "json"]);
    assert_eq!(code(&output), 3, "{}", stdout(&output));
    let judged = document(&output);
    assert!(!judged["rules"].to_string().contains("\"pass\""));
    let gaps = judged["gaps"].to_string();
    assert!(gaps.contains("nobody looked at what the kernel has"), "{gaps}");
}

#[test]
fn what_the_kernel_has_goes_before_what_was_asked_for() {
    let text = docker(&asking("bridge"), &json!({}));
    let both = format!("{text}\n# sysctl -a\nnet.ipv4.ip_local_port_range = 1024\t65000\n");
    let document = told(&both);
    let range = range(&document, "tcp", "ipv4");
    assert_eq!((bounds(range), &range["source"]["kind"]), ((1024, 65000), &json!("capture")));
    let gaps = document["gaps"].to_string();
    assert!(gaps.contains("and the kernel has another in"), "{gaps}");
    let same = format!("{text}\nnet.ipv4.ip_local_port_range = 49152\t65535\n");
    assert!(!told(&same)["gaps"].to_string().contains("the kernel has another"));
}

#[test]
fn a_network_that_is_not_its_own_is_a_gap_that_says_whose_it_is() {
    for (network, says) in [
        ("host", "web1 has the network of its host"),
        ("container:db1", "web1 has the network of container db1"),
        ("ns:/run/netns/a", "web1 has the network of /run/netns/a"),
        ("", "does not say whose network web1 has: docker exec web1 sysctl"),
    ] {
        let document = told(&docker(&asking(network), &json!({})));
        let why = why(&document, RANGE);
        assert!(why.contains(says), "{network}: {why}");
        assert_eq!(document["host"]["environment"], Value::Null, "{network}");
    }
    let pod = json!({
        "kind": "Pod",
        "metadata": { "name": "api-0", "namespace": "shop" },
        "spec": { "hostNetwork": true },
        "status": { "phase": "Running" },
    });
    assert!(why(&told(&pod.to_string()), RANGE).contains("api-0 has the network of its host"));
}

#[test]
fn what_does_not_run_has_no_range() {
    let stopped = json!({ "State": { "Status": "exited", "Running": false } });
    let why = why(&told(&docker(&asking("bridge"), &stopped)), RANGE);
    assert!(why.starts_with("web1 is exited, so no kernel has the 49152 65535"), "{why}");
}

#[test]
fn what_is_asked_for_wrongly_is_no_value() {
    for value in ["65535 49152", "49152", "049152 65535", "49152-65535", ""] {
        let sysctls = json!({ "net.ipv4.ip_local_port_range": value });
        let text = docker(&json!({ "NetworkMode": "bridge", "Sysctls": sysctls }), &json!({}));
        assert_eq!(range(&told(&text), "tcp", "ipv4")["reason"], "unparsable", "{value}");
    }
    for (value, wanted) in
        [("9090,8080-8081", "known"), ("8080, 9090", "unknown"), ("x", "unknown")]
    {
        let sysctls = json!({ "net.ipv4.ip_local_reserved_ports": value });
        let text = docker(&json!({ "NetworkMode": "bridge", "Sysctls": sysctls }), &json!({}));
        assert_eq!(told(&text)["scopes"][0]["reserved"][0]["state"], wanted, "{value}");
    }
}

#[test]
fn several_containers_and_a_cut_document_are_refused_in_one_line() {
    let one = docker(&asking("bridge"), &json!({}));
    let two = format!("{one}{}", one.replace("web1", "db1"));
    let output = from_stdin(&two, &["show"]);
    assert_eq!(code(&output), 2);
    let said = stderr(&output);
    assert!(said.contains("web1, db1") && said.contains("docker inspect web1"), "{said}");
    let pod = r#"{"kind":"Pod","metadata":{"name":"a","namespace":"shop"},"spec":{}}"#;
    let pods = format!("{{\"kind\":\"List\",\"items\":[{pod},{pod}]}}");
    let said = stderr(&from_stdin(&pods, &["show"]));
    assert!(said.contains("kubectl get pod -n shop a -o json"), "{said}");
    let cut = &one[..one.len() - 8];
    let output = from_stdin(cut, &["show"]);
    assert_eq!(code(&output), 2);
    assert!(stderr(&output).contains("the JSON of a container is cut or damaged"));
}

#[test]
fn after_the_next_start_is_where_it_is_created() {
    let output = run(&["boot", "--format", "json", "--from", DOCKER]);
    let text = stdout(&output);
    assert!(text.contains("web1 gets at its next start what it is created with"), "{text}");
}
