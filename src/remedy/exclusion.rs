//! Blocks of ports that services of Windows hold, and how a service gets its port back.

use ephaudit_platform::ports::PortSet;
use ephaudit_platform::snapshot::{Family, Transport};

use crate::report::Step;

/// How `ports`, which blocks of these families lie on, are kept for the services that ask for them:
/// the blocks go while WinNAT is down, and come back elsewhere at every boot.
pub fn claim(ports: &PortSet, transport: Transport, families: &[Family]) -> Vec<Step> {
    if families.is_empty() {
        return Vec::new();
    }
    let mut steps = vec![
        Step::now("free the block: containers and virtual machines lose their network until the last step")
            .by("net stop winnat"),
    ];
    for &family in Family::ALL.iter().filter(|family| families.contains(family)) {
        for span in ports.spans() {
            let command = keep(family, transport, &span.first().to_string(), span.count());
            let words = "keep the port for the service, which may bind it all the same, now and \
                         after every boot";
            steps.push(Step::now(words).by(command));
        }
    }
    steps.push(Step::now("start what took the block").by("net start winnat"));
    steps
}

/// The command that keeps ports for the programs that ask for them.
pub fn keep(family: Family, transport: Transport, first: &str, count: u32) -> String {
    let interface = interface(family);
    format!(
        "netsh int {interface} add excludedportrange protocol={transport} startport={first} \
         numberofports={count}"
    )
}

/// The command that gives such ports back.
pub fn release(family: Family, transport: Transport, first: &str, count: u32) -> String {
    let interface = interface(family);
    format!(
        "netsh int {interface} delete excludedportrange protocol={transport} startport={first} \
         numberofports={count}"
    )
}

/// The command that lists the blocks of a family and transport.
pub fn list(family: Family, transport: Transport) -> String {
    let interface = interface(family);
    format!("netsh int {interface} show excludedportrange protocol={transport}")
}

const fn interface(family: Family) -> &'static str {
    match family {
        Family::Ipv4 => "ipv4",
        Family::Ipv6 => "ipv6",
    }
}

#[cfg(test)]
mod tests {
    use ephaudit_platform::ports::PortRange;

    use super::*;

    #[test]
    fn a_port_is_claimed_while_winnat_is_down_for_its_own_family_and_transport() {
        let port = PortSet::from(PortRange::single(2375));
        let steps = claim(&port, Transport::Udp, &[Family::Ipv6]);
        let commands: Vec<String> = steps.iter().map(ToString::to_string).collect();
        assert_eq!(commands.len(), 3);
        assert!(commands[0].contains("net stop winnat"), "{commands:?}");
        assert!(
            commands[1].contains(
                "netsh int ipv6 add excludedportrange protocol=udp startport=2375 numberofports=1"
            ),
            "{commands:?}"
        );
        assert!(commands[2].contains("net start winnat"), "{commands:?}");
        assert!(claim(&port, Transport::Tcp, &[]).is_empty());
    }
}
