#!/usr/bin/env python3
"""Renders every report of fixtures/reports and holds what programs read against other readers: formats.py EPHAUDIT TOOLS

TOOLS holds junit-10.xsd and sarif.json; check-jsonschema, jsonschema and ocsf-json-schema are to be imported."""

import csv
import glob
import io
import json
import os
import re
import subprocess
import sys
import tempfile
import unicodedata
import xml.etree.ElementTree as ElementTree
from collections import Counter

import jsonschema
from ocsf_json_schema import OcsfJsonSchemaEmbedded, get_ocsf_schema

EPHAUDIT, TOOLS = sys.argv[1:]
FORMATS = "json ndjson csv junit sarif ocsf github codequality".split()


def run(*command):
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=120)
    assert done.returncode == 0, (command, done.returncode, done.stdout, done.stderr)
    return done.stdout


def strings(value):
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        yield from strings(list(value) + list(value.values()))
    elif isinstance(value, list):
        for item in value:
            yield from strings(item)


def harmless(text, allowed=""):
    """No control character and no mark that reorders text or hides."""
    wrong = {c for c in text if unicodedata.category(c) in ("Cc", "Cf", "Zl", "Zp") and c not in allowed}
    assert not wrong, wrong


def check_schema(*arguments):
    run(sys.executable, "-m", "check_jsonschema", *arguments)


def check_csv(report, data, raw):
    harmless(data.decode(), "\r\n")
    assert not set(b"\r\n") & set(data.replace(b"\r\n", b"")), "a line that ends otherwise than in CRLF"
    header, *rows = csv.reader(io.StringIO(data.decode(), newline=""), strict=True)
    assert {len(header)} == {len(row) for row in [header, *rows]}
    rows = [dict(zip(header, row)) for row in rows]
    if not raw:
        assert not any(cell[:1] in tuple("=+-@") for row in rows for cell in row.values() if cell)
    verdicts = Counter(row["verdict"] for row in rows)
    waived = sum(finding["waived"] is not None for finding in report["findings"])
    assert verdicts["waived"] == waived
    assert verdicts["fail"] == len(report["findings"]) - waived
    assert {row["rule"] for row in rows if row["verdict"] == "unknown"} == unanswered(report)
    assert {row["rule"] for row in rows if row["verdict"] == "not-asked"} == unasked(report)
    assert {row["status"] for row in rows} <= {report["status"] or "unjudged"}


def unasked(report):
    return {rule["rule"] for rule in report["rules"] if rule["verdict"] == "not-asked"}


def unanswered(report):
    """The rules that could not tell, in full or in part."""
    if report["status"] is None:
        return {"audit"}
    found = {finding["rule"] for finding in report["findings"]}
    silent = {rule["rule"] for rule in report["rules"]
              if rule["verdict"] not in ("pass", "not-applicable", "not-asked") and rule["rule"] not in found}
    return {gap["rule"] for gap in report["gaps"] if gap["rule"]} | silent


SEVERITIES = ["critical", "high", "medium", "low", "info"]


def check_junit(report, data):
    harmless(data.decode(), "\n")
    suites = ElementTree.fromstring(data).findall("testsuite")
    cases = [case for suite in suites for case in suite.findall("testcase")]
    names = Counter((case.get("classname"), case.get("name")) for case in cases)
    assert set(names.values()) == {1}, "cases that GitLab takes for one"
    for suite in suites:
        kinds = Counter(child.tag for case in suite.findall("testcase") for child in case)
        told = [int(suite.get(key)) for key in ("failures", "errors", "skipped")]
        assert told == [kinds["failure"], kinds["error"], kinds["skipped"]], (told, kinds)
        assert int(suite.get("tests")) == len(suite.findall("testcase"))
    least = (report["policy"] or {}).get("fail_on")
    reaching = SEVERITIES[:SEVERITIES.index(least) + 1] if least else []
    failing = {(finding["rule"], finding["scope"]) for finding in report["findings"]
               if finding["waived"] is None and finding["severity"] in reaching}
    assert len([case for case in cases if case.find("failure") is not None]) == len(failing)
    assert {case.get("name") for case in cases} >= {rule["rule"] for rule in report["rules"]}
    not_green = {case.get("name") for case in cases if case.find("failure") is not None or case.find("error") is not None}
    assert not_green >= unanswered(report)
    if report["status"] == "compliant":
        assert not not_green
    for case in cases:
        for child in case:
            lines = (child.text or "").splitlines()
            assert not any(line.startswith(("::", "##")) for line in lines), "a command to a CI runner"


def check_sarif(report, data):
    [log] = json.loads(data)["runs"]
    for text in strings(log):
        harmless(text, "\n")
        assert text, "an empty string"
    assert len(log["results"]) == len(report["findings"])
    for finding, result in zip(report["findings"], log["results"]):
        rule = log["tool"]["driver"]["rules"][result["ruleIndex"]]
        assert rule["id"] == result["ruleId"] == finding["rule"]
        assert len(result["suppressions"]) == (finding["waived"] is not None)
        region = result["locations"][0]["physicalLocation"]["region"]
        lines = [seen["line"] for seen in finding["evidence"] if seen["line"]]
        assert not lines or region["startLine"] == lines[0]
    [invocation] = log["invocations"]
    told = {note["associatedRule"]["id"] for note in invocation["toolExecutionNotifications"]}
    assert told == unanswered(report)
    assert invocation["executionSuccessful"] == (not told)


def check_ocsf(report, data, schema):
    events = [json.loads(line) for line in data.splitlines()]
    for event in events:
        errors = [f"{error.json_path}: {error.message}" for error in schema.iter_errors(event)]
        assert not errors, errors
        for text in strings(event):
            harmless(text)
    answers = Counter(event["compliance"]["status"] for event in events)
    assert answers["Fail"] == len(report["findings"])
    suppressed = [event for event in events if event.get("status") == "Suppressed"]
    assert len(suppressed) == sum(finding["waived"] is not None for finding in report["findings"])
    assert all(event["comment"] for event in suppressed)
    warned = {event["compliance"]["control"] for event in events if event["compliance"]["status_id"] == 2}
    assert warned == unanswered(report)
    passed = {event["compliance"]["control"] for event in events if event["compliance"]["status_id"] == 1}
    assert passed >= {rule["rule"] for rule in report["rules"] if rule["verdict"] == "pass"}
    assert not passed & {rule["rule"] for rule in report["rules"] if rule["verdict"] in ("unknown", "not-applicable", "not-asked")}
    assert {event["compliance"]["control"] for event in events if event["compliance"]["status_id"] == 99} == unasked(report)
    assert len({event["finding_info"]["uid"] for event in events}) == len(events)
    assert {event["time"] for event in events} <= {1795324260000}, "2026-11-22T05:11:00Z"


def check_github(report, data):
    text = data.decode()
    harmless(text, "\n")
    command = re.compile(r"::(error|warning|notice) (file=[^,:\n]+,line=[1-9][0-9]*,)?title=[^,:\n]+::.+")
    lines = text.splitlines()
    assert all(command.fullmatch(line) for line in lines), lines
    assert not re.search("%(?!25|0A|3A|2C)", text)
    assert len([line for line in lines if "could not be determined::" in line]) >= len(unanswered(report))
    assert len(lines) > len(report["findings"])


def check_codequality(report, data):
    issues = json.loads(data)
    jsonschema.validate(issues, CODE_QUALITY)
    assert len({issue["fingerprint"] for issue in issues}) == len(issues)
    for text in strings(issues):
        harmless(text)
    assert {issue["check_name"] for issue in issues} >= unanswered(report) | unasked(report)


# as docs.gitlab.com describes it, "Code Quality report format"
CODE_QUALITY = {"type": "array", "items": {
    "type": "object",
    "required": ["description", "check_name", "fingerprint", "severity", "location"],
    "properties": {
        "description": {"type": "string", "minLength": 1},
        "check_name": {"type": "string", "minLength": 1},
        "fingerprint": {"type": "string", "minLength": 1},
        "severity": {"enum": ["info", "minor", "major", "critical", "blocker"]},
        "location": {"type": "object", "required": ["path", "lines"], "properties": {
            "path": {"type": "string", "pattern": r"^(?!\./|/).+"},
            "lines": {"type": "object", "required": ["begin"], "properties": {"begin": {"type": "integer", "minimum": 1}}},
        }},
    }}}


def main():
    ocsf = OcsfJsonSchemaEmbedded(get_ocsf_schema(version="1.5.0"))
    ocsf = ocsf.get_class_schema(class_name="compliance_finding", profiles=["host"])
    ocsf = jsonschema.validators.validator_for(ocsf)(ocsf)
    reports = sorted(glob.glob("fixtures/reports/*.json"))
    assert len(reports) >= 10, reports
    with tempfile.TemporaryDirectory() as folder:
        made = {}
        for path in reports:
            name = os.path.splitext(os.path.basename(path))[0]
            with open(path, encoding="utf-8") as file:
                report = json.load(file)
            for kind in FORMATS:
                made[kind, name] = out = os.path.join(folder, f"{name}.{kind}")
                data = run(EPHAUDIT, "convert", path, "--format", kind)
                with open(out, "wb") as file:
                    file.write(data)
                if kind in ("json", "ndjson"):
                    assert json.loads(data) == report
                    harmless(data.decode(), "\n")
                if kind == "ndjson":
                    assert data.count(b"\n") == 1
                if kind == "csv":
                    check_csv(report, data, False)
                    check_csv(report, run(EPHAUDIT, "convert", path, "--format", kind, "--csv-raw"), True)
                if kind == "junit":
                    check_junit(report, data)
                if kind == "sarif":
                    check_sarif(report, data)
                if kind == "ocsf":
                    check_ocsf(report, data, ocsf)
                if kind == "github":
                    check_github(report, data)
                if kind == "codequality":
                    check_codequality(report, data)
        schema = os.path.join(folder, "schema")
        with open(schema, "wb") as file:
            file.write(run(EPHAUDIT, "schema"))

        def of(*kinds):
            return [out for (kind, _), out in made.items() if kind in kinds]

        check_schema("--check-metaschema", schema)
        check_schema("--schemafile", schema, "--default-filetype", "json", *of("json", "ndjson"))
        sarif = os.path.join(TOOLS, "sarif.json")
        check_schema("--regex-variant", "python", "--schemafile", sarif, "--default-filetype", "json", *of("sarif"))
        run("xmllint", "--noout", "--nonet", "--schema", os.path.join(TOOLS, "junit-10.xsd"), *of("junit"))
    print(f"{len(reports)} reports in {len(FORMATS)} formats: as their readers want them")


main()
