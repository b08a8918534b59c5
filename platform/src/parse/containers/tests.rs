use super::*;

const RANGE: &str = "net.ipv4.ip_local_port_range";
const LIST: &str = "net.ipv4.ip_local_reserved_ports";

fn one(text: &str) -> Inspected {
    let InspectedAll { mut first, count } = inspected(text.as_bytes()).expect("JSON");
    assert_eq!(count, 1, "{text}");
    first.remove(0)
}

/// A container of Docker with these keys of its HostConfig.
fn docker(host_config: &str) -> String {
    format!(
        r#"[{{"Name": "/web1", "State": {{"Status": "running", "Running": true}}, "HostConfig": {{{host_config}}}}}]"#
    )
}

#[test]
fn each_tool_tells_what_it_asks_for() {
    let docker = docker(
        r#""NetworkMode": "bridge", "Sysctls": {"net.ipv4.ip_local_port_range": "1024 65000"}"#,
    );
    let podman = r#"[{"Name": "web1", "OCIRuntime": "crun", "State": {"Running": true},
        "Config": {"Hostname": "web1", "CreateCommand": ["podman", "run", "-d", "--sysctl",
        "net.ipv4.ip_local_port_range=1024 65000", "--sysctl=net.core.somaxconn=9", "nginx"]},
        "HostConfig": {"NetworkMode": "pasta"}}]"#;
    let inspectp = r#"{"status": {"state": "SANDBOX_READY", "metadata": {"name": "web1"},
        "linux": {"namespaces": {"options": {"network": "POD"}}}},
        "info": {"runtimeSpec": {"linux": {"sysctl": {"net/ipv4/ip_local_port_range": "1024 65000"}}}}}"#;
    let of_config = r#"{"status": {"state": "SANDBOX_READY", "metadata": {"name": "web1"},
        "linux": {"namespaces": {"options": {"network": "POD"}}}},
        "info": {"config": {"linux": {"sysctls": {"net.ipv4.ip_local_port_range": "1024 65000"}}}}}"#;
    let inspect = r#"{"status": {"state": "CONTAINER_RUNNING", "metadata": {"name": "web1"}},
        "info": {"runtimeSpec": {"linux": {"sysctl": {"net.ipv4.ip_local_port_range": "1024 65000"},
        "namespaces": [{"type": "pid"}, {"type": "network", "path": "/proc/7/ns/net"}]}}}}"#;
    let pod = r#"{"kind": "Pod", "metadata": {"name": "web1"}, "status": {"phase": "Running"},
        "spec": {"securityContext": {"sysctls": [{"name": "net.ipv4.ip_local_port_range", "value": "1024 65000"}]}}}"#;
    let list =
        format!(r#"{{"kind": "List", "items": [{pod}], "metadata": {{"resourceVersion": ""}}}}"#);
    for (text, by) in [
        (&*docker, Inspector::Docker),
        (podman, Inspector::Podman),
        (inspectp, Inspector::CrictlPod),
        (of_config, Inspector::CrictlPod),
        (inspect, Inspector::Crictl),
        (pod, Inspector::Kubectl),
        (&list, Inspector::Kubectl),
    ] {
        let one = one(text);
        assert_eq!((one.by, &*one.name, one.stopped), (by, "web1", None), "{text}");
        assert_eq!(one.network, NetworkOf::Own, "{text}");
        assert_eq!(one.sysctls.value(RANGE), Some("1024 65000"), "{text}");
        assert_eq!(one.sysctls.value(LIST), None, "{text}");
    }
}

#[test]
fn the_network_is_whose_the_document_says() {
    for (mode, network) in [
        ("host", NetworkOf::Host),
        ("container:4bb1", NetworkOf::Other("container 4bb1".to_owned())),
        ("ns:/run/netns/a", NetworkOf::Other("/run/netns/a".to_owned())),
        ("", NetworkOf::Untold),
        ("none", NetworkOf::Own),
        ("shop_default", NetworkOf::Own),
    ] {
        assert_eq!(one(&docker(&format!(r#""NetworkMode": "{mode}""#))).network, network);
    }
    assert_eq!(one(&docker("")).network, NetworkOf::Untold);
    let cri = |state: &str, linux: &str| {
        let text = format!(
            r#"{{"status": {{"state": "{state}"{linux}}}, "info": {{"runtimeSpec": {{"linux": {{"namespaces": [{{"type": "pid"}}]}}}}}}}}"#
        );
        one(&text).network
    };
    let node = r#", "linux": {"namespaces": {"options": {"network": "NODE"}}}"#;
    assert_eq!(cri("SANDBOX_READY", node), NetworkOf::Host);
    assert_eq!(cri("CONTAINER_RUNNING", ""), NetworkOf::Host);
    let pod = r#"{"kind": "Pod", "spec": {"hostNetwork": true}}"#;
    assert_eq!(one(pod).network, NetworkOf::Host);
}

#[test]
fn what_does_not_run_is_said_so() {
    let of = |text: &str| one(text).stopped.expect("it does not run");
    assert_eq!(
        of(r#"[{"State": {"Status": "exited", "Running": false}, "HostConfig": {}}]"#),
        "exited"
    );
    assert_eq!(of(r#"[{"HostConfig": {}}]"#), "not said to run");
    assert_eq!(of(r#"{"kind": "Pod", "spec": {}, "status": {"phase": "Pending"}}"#), "Pending");
    assert_eq!(of(r#"{"status": {"state": "SANDBOX_NOTREADY"}, "info": {}}"#), "SANDBOX_NOTREADY");
}

#[test]
fn a_document_is_found_below_its_command_and_several_are_counted() {
    let prompt = "[root@web1 ~]# docker inspect web1\n";
    let text = format!("{prompt}{}\n[root@web1 ~]# ", docker(r#""NetworkMode": "bridge""#));
    assert_eq!(one(&text).name, "web1");
    let two = format!("{}\n{}\n", docker(""), docker(""));
    assert_eq!(inspected(two.as_bytes()).expect("JSON").count, 2);
    let many = format!("[{}]", vec![r#"{"HostConfig": {}}"#; 20].join(","));
    let many = inspected(many.as_bytes()).expect("JSON");
    assert_eq!((many.count, many.first.len()), (20, NAMED_MAX));
}

#[test]
fn what_is_cut_or_contradicts_itself_is_damaged_and_other_json_is_nothing() {
    let whole = docker(
        r#""NetworkMode": "bridge", "Sysctls": {"net.ipv4.ip_local_port_range": "1024 65000"}"#,
    );
    let told = whole.find("HostConfig\"").expect("it is there") + "HostConfig\"".len();
    for end in told..whole.len() {
        assert!(inspected(&whole.as_bytes()[..end]).is_err(), "{}", &whole[..end]);
    }
    let twice = docker(
        r#""Sysctls": {"net.ipv4.ip_local_port_range": "1 2", "net/ipv4/ip_local_port_range": "3 4"}"#,
    );
    assert!(inspected(twice.as_bytes()).is_err());
    for other in [
        "net.ipv4.ip_local_port_range = 1 2\n",
        "{\"stdout\": \"net.ipv4.ip_local_port_range = 1 2\"}\n",
        "[{\"Id\": \"sha256:1\", \"RepoTags\": []}]\n",
        "{\"kind\": \"Deployment\", \"spec\": {}}\n",
        r#"[{"Platform": "windows", "HostConfig": {"NetworkMode": "nat"}}]"#,
        "[1, 2]\n",
        "{",
        "",
    ] {
        assert_eq!(inspected(other.as_bytes()), Ok(InspectedAll::default()), "{other}");
    }
}
