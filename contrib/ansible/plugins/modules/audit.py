# SPDX-License-Identifier: MIT OR Apache-2.0
"""The documentation of the action plugin of this name, which does all of it."""

DOCUMENTATION = r"""
---
module: audit
short_description: Audit the ephemeral port range of a host
description:
  - Runs ephaudit on the host and brings its report back. Nothing is changed there, and no Python is
    needed there.
  - It needs a host with a POSIX shell. Windows is not supported.
  - The report counts only where there is exactly one, and the exit code says the same. Anything
    else fails the task.
author:
  - The authors of ephaudit (@ephaudit)
options:
  path:
    description:
      - The program on the host, where it is installed. Either this or O(src).
    type: str
  src:
    description:
      - A folder on the controller with programs to send, each of which goes with the task.
      - They are named V(ephaudit-SYSTEM-MACHINE), as C(uname -sm) prints both, the system in lower
        case, such as V(ephaudit-linux-x86_64) or V(ephaudit-freebsd-amd64).
      - Fails where there is none for the host.
    type: path
  dest:
    description:
      - A folder on the controller. The report is put there as C(INVENTORY_HOSTNAME.ndjson),
        completely or not at all, in check mode too.
      - A host that gives no report has a line there instead that says why, and that C(ephaudit
        fleet) reads. This is so for hosts that cannot be reached too, where this task is the first
        that finds it out.
    type: path
  policy:
    description:
      - A policy on the controller, sent to the host for this run.
    type: path
  args:
    description:
      - Further options of C(ephaudit audit), such as V(--all-netns).
    type: list
    elements: str
    default: []
  host:
    description:
      - The name of the host in its report. Without it that is the host's own.
    type: str
  labels:
    description:
      - What else the report says of the host. The label C(inventory) has the inventory's name.
    type: dict
    default: {}
  run_id:
    description:
      - The name of the run that this is part of.
    type: str
  fail_on:
    description:
      - When the task fails although there is a report.
      - V(none) never. Look at RV(status).
      - V(undetermined) where the host is not compliant, by the severity that the policy says.
      - A severity is the program's own C(--fail-on). Findings from there up fail the task, and so
        does a host that cannot be judged.
    type: str
    choices: [none, undetermined, critical, high, medium, low, info]
    default: none
  facts:
    description:
      - Whether to set the fact C(ephemeral_ports), with C(collected_at), C(status) and C(summary).
    type: bool
    default: false
attributes:
  check_mode:
    description: It only reads, so it does the same in check mode.
    support: full
  diff_mode:
    description: It changes nothing that could differ.
    support: none
  async:
    description: Cannot be run by C(async).
    support: none
"""

EXAMPLES = r"""
- name: Audit, the program sent along
  ephaudit.ephaudit.audit:
    src: /srv/ephaudit
    dest: reports
  become: true

- name: Stop here unless the host can be judged and has no finding that is high or above
  ephaudit.ephaudit.audit:
    path: /usr/bin/ephaudit
    policy: policy.toml
    fail_on: high
    labels:
      env: prod
  become: true
"""

RETURN = r"""
status:
  description: The verdict, V(compliant), V(findings) or V(undetermined).
  returned: where there is a report
  type: str
summary:
  description: The part of the report that a roll-up needs.
  returned: where there is a report
  type: dict
report:
  description: The whole report.
  returned: without O(dest)
  type: dict
dest:
  description: The file of the report.
  returned: with O(dest)
  type: str
"""
