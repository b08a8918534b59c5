//! The rules: one value each, in one list. A rule's name states the problem.

mod auto_reuse_elsewhere;
mod boot_depends_on_loader;
mod boot_order_fails;
mod bound_ports_drain_pool;
mod declared_service_in_pool;
mod destination_near_exhaustion;
mod drift_from_vendor_default;
mod excluded_from_pool;
mod excluded_service_port;
mod families_differ;
pub mod listener_in_pool;
mod lopsided_pool;
mod namespace_differs;
mod namespace_unread;
mod narrow_pool;
mod nat_ignores_range;
mod octal_number;
mod outbound_on_system_port;
mod outside_dynamic_ports;
mod overlaps_system_ports;
mod overlaps_user_ports;
mod reserved_outside_range;
mod running_differs_from_boot;
mod same_parity_bounds;
mod self_connect_exposure;
mod self_connected_socket;
mod sequential_ports;
mod setting_never_applies;
mod skewed_allocation;
mod squatted_port;
mod stale_knob;
mod stale_waiver;
mod transports_differ;
mod unprivileged_start_lowered;

#[cfg(test)]
mod tests;

use crate::rule::Rule;

/// Every rule, in the order of reports.
pub static RULES: &[&Rule] = &[
    &outside_dynamic_ports::RULE,
    &overlaps_system_ports::RULE,
    &overlaps_user_ports::RULE,
    &drift_from_vendor_default::RULE,
    &listener_in_pool::RULE,
    &declared_service_in_pool::RULE,
    &squatted_port::RULE,
    &self_connected_socket::RULE,
    &self_connect_exposure::RULE,
    &destination_near_exhaustion::RULE,
    &bound_ports_drain_pool::RULE,
    &narrow_pool::RULE,
    &lopsided_pool::RULE,
    &unprivileged_start_lowered::RULE,
    &reserved_outside_range::RULE,
    &same_parity_bounds::RULE,
    &families_differ::RULE,
    &transports_differ::RULE,
    &excluded_from_pool::RULE,
    &auto_reuse_elsewhere::RULE,
    &sequential_ports::RULE,
    &outbound_on_system_port::RULE,
    &nat_ignores_range::RULE,
    &namespace_differs::RULE,
    &namespace_unread::RULE,
    &running_differs_from_boot::RULE,
    &boot_depends_on_loader::RULE,
    &setting_never_applies::RULE,
    &boot_order_fails::RULE,
    &octal_number::RULE,
    &stale_knob::RULE,
    &excluded_service_port::RULE,
    &skewed_allocation::RULE,
    // It judges what the others found.
    &stale_waiver::RULE,
];

/// The rule of that name.
pub fn find(name: &str) -> Option<&'static Rule> {
    RULES.iter().find(|rule| rule.name == name).copied()
}
