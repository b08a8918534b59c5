# SPDX-License-Identifier: MIT OR Apache-2.0
"""Runs ephaudit on the host and brings its report back. No Python is needed there."""

from __future__ import annotations

import datetime
import json
import os
import re
import tempfile
import urllib.parse

from ansible.errors import AnsibleActionFail, AnsibleConnectionFailure
from ansible.plugins.action import ActionBase

STATUS = {0: "compliant", 1: "findings", 3: "undetermined"}
SEVERITIES = ["critical", "high", "medium", "low", "info"]
# What the action says itself, or answers by itself.
OWN = re.compile(
    r"--(format|output|emit|exit-zero|quiet|host|label|run-id|policy|fail-on)(=|$)|-[oq]"
)
BEGIN = '{"schema_version":'
SPEC = {
    "path": {"type": "str"},
    "src": {"type": "path"},
    "dest": {"type": "path"},
    "policy": {"type": "path"},
    "args": {"type": "list", "elements": "str", "default": []},
    "host": {"type": "str"},
    "labels": {"type": "dict", "default": {}},
    "run_id": {"type": "str"},
    "fail_on": {"type": "str", "default": "none", "choices": ["none", "undetermined", *SEVERITIES]},
    "facts": {"type": "bool", "default": False},
}


def whole(text):
    """The documents that begin somewhere in the text and end with their line, each as text too.

    What a shell prints at login stands in front of the report, and not always on a line of its own.
    """
    found = []
    at = text.find(BEGIN)
    while at >= 0:
        try:
            document, end = json.JSONDecoder().raw_decode(text, at)
        except ValueError:
            end = at + 1
        else:
            if text[end:end + 1] in ("", "\r", "\n"):
                found.append((document, text[at:end]))
        at = text.find(BEGIN, end)
    return found


def absence(name, error):
    """The line that says why there is no report, as `ephaudit absence` prints it."""
    if isinstance(error, AnsibleConnectionFailure):
        why = "unreachable"
    else:
        why = "timed-out" if "Timeout" in type(error).__name__ else "failed"
    now = datetime.datetime.now(datetime.timezone.utc)
    return json.dumps({
        "schema_version": "1.1",
        "kind": "absence",
        "host": {"name": name, "id": None},
        "collected_at": now.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "why": why,
        "detail": str(error)[:500] or None,
    }, separators=(",", ":"), ensure_ascii=False)


def put(folder, name, line):
    """Writes the line into the folder, completely or not at all, and gives its place."""
    path = os.path.join(folder, urllib.parse.quote(name, safe=":") + ".ndjson")
    try:
        os.makedirs(folder, exist_ok=True)
        handle, temporary = tempfile.mkstemp(prefix=".ephaudit-", dir=folder)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(line.encode("utf-8", "surrogateescape") + b"\n")
                os.fchmod(file.fileno(), 0o644)
            os.replace(temporary, path)
        except BaseException:
            os.unlink(temporary)
            raise
    except OSError as error:
        raise AnsibleActionFail(f"cannot write {path}: {error}") from error
    return path


class ActionModule(ActionBase):
    _supports_check_mode = True
    _supports_async = False

    def run(self, tmp=None, task_vars=None):
        result = super().run(tmp, task_vars)
        dummy, args = self.validate_argument_spec(
            argument_spec=SPEC,
            mutually_exclusive=[("path", "src")],
            required_one_of=[("path", "src")],
        )
        inventory = task_vars["inventory_hostname"]
        dest = args["dest"] and self._loader.path_dwim(args["dest"])
        try:
            code, document, line = self._audit(args, inventory, task_vars)
        except BaseException as error:
            # An earlier report must not stand for a host that gave none today.
            if dest:
                put(dest, inventory, absence(args["host"] or inventory, error))
            raise
        summary = document["summary"]
        result.update(changed=False, status=document["status"], summary=summary)
        if dest:
            result["dest"] = put(dest, inventory, line)
        else:
            result["report"] = document
        if args["facts"]:
            names = ("collected_at", "status", "summary")
            result["ansible_facts"] = {"ephemeral_ports": {name: document[name] for name in names}}
        if args["fail_on"] != "none" and code != 0:
            rules = ", ".join(summary["failed"] + summary["unknown"])
            result.update(failed=True, msg=f"{document['status']}: {rules}")
        return result

    def _audit(self, args, inventory, task_vars):
        """The exit code of the program, and its report, as a document and as its line."""
        for word in args["args"]:
            if OWN.match(word):
                raise AnsibleActionFail(f"args: {word} is said by the other options of this task")
        program = args["path"] or self._program(args["src"], task_vars)
        words = [program, "audit", "--format", "ndjson", *args["args"]]
        if args["policy"]:
            words += ["--policy", self._send(self._find_needle("files", args["policy"]), "policy")]
        if args["host"]:
            words += ["--host", args["host"]]
        if args["run_id"]:
            words += ["--run-id", args["run_id"]]
        for name, value in {"inventory": inventory, **args["labels"]}.items():
            words += ["--label", f"{name}={value}"]
        if args["fail_on"] in SEVERITIES:
            words += ["--fail-on", args["fail_on"]]
        # The host's own name counts, not one that its environment gives.
        environment = (self._compute_environment_string(), "EPHAUDIT_HOST=''")
        quoted = (self._connection._shell.quote(word) for word in words)
        command = " ".join(filter(None, (*environment, *quoted)))

        done = self._low_level_execute_command(command)
        if done["rc"] in STATUS and not whole(done["stdout"]) and self._connection.has_pipelining:
            # Without input there was a terminal, on which others may have written amid the report.
            done = self._low_level_execute_command(command, in_data=b"\n")
        return self._judged(done)

    def _judged(self, done):
        """The one report of what the command printed, where its exit code says the same."""
        code = done["rc"]
        said = (done["stderr"] + done["stdout"]).strip()[-1000:]
        if code not in STATUS:
            raise AnsibleActionFail(f"ephaudit ended with {code}: {said}")
        found = whole(done["stdout"])
        if len(found) != 1:
            raise AnsibleActionFail(f"{len(found)} reports came back, not one: {said}")
        [(document, line)] = found
        if document.get("kind") != "report" or not isinstance(document.get("summary"), dict):
            raise AnsibleActionFail(f"this is no report: {line[:200]}")
        if document["status"] != STATUS[code]:
            raise AnsibleActionFail(f"the report says {document['status']}, exit code {code} does not")
        return code, document, line

    def _program(self, source, task_vars):
        """Where the program for this host's system is on it, once it is there."""
        folder = self._find_needle("files", source)
        facts = task_vars.get("ansible_facts", {})
        system, machine = facts.get("system"), facts.get("architecture")
        if not system or not machine:
            done = self._low_level_execute_command("echo ephaudit-on $(uname -sm)")
            told = re.search(r"ephaudit-on (\S+) (\S+)\r?$", done["stdout"], re.MULTILINE)
            if not told:
                raise AnsibleActionFail(f"uname does not tell the system: {done['stdout']}"[:1000])
            system, machine = told.groups()
        name = f"ephaudit-{system.lower()}-{machine}"
        local = os.path.join(folder, name)
        if "/" in name or not os.path.isfile(local):
            raise AnsibleActionFail(f"there is no program for this host: {folder} has no {name}")
        return self._send(local, "ephaudit")

    def _send(self, local, name):
        """Puts a file of the controller into the host's temporary folder, which goes with the task."""
        folder = self._connection._shell.tmpdir or self._make_tmp_path()
        remote = self._connection._shell.join_path(folder, name)
        self._transfer_file(local, remote)
        self._fixup_perms2((folder, remote))
        return remote
