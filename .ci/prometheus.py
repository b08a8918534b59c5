"""The formats for monitoring and tickets against programs that are not ours: prometheus.py metrics|plugins|markdown|scrape EPHAUDIT"""

import collections
import copy
import glob
import html.parser
import json
import os
import re
import subprocess
import sys
import tempfile
import time
import urllib.parse
import urllib.request

EPHAUDIT = sys.argv[2]
HOSTILE = 'a"b\\c\nd|e\x1b[31m\u202e}{é,="#'


def reports():
    """The saved reports, and one whose every outside word is made to break out."""
    found = {}
    for path in sorted(glob.glob("fixtures/reports/*.json")):
        with open(path, encoding="utf-8") as file:
            found[os.path.basename(path)[:-5]] = json.load(file)
    assert len(found) >= 10, found.keys()
    words = copy.deepcopy(found["findings"])
    names = {rule["rule"]: f"{HOSTILE}{number}" for number, rule in enumerate(words["rules"])}
    for named in words["rules"] + words["findings"] + words["gaps"]:
        named["rule"] = names.get(named["rule"])
    words["tool"]["version"] = words["profile"] = HOSTILE
    words["scopes"][0]["ranges"].append({**words["scopes"][0]["ranges"][0], "role": HOSTILE})
    markdown = ["```\n# x\n```", "`` ` ``", "a | b\\| c\\\\| d", "[x](http://x.org)", "![x](//x.org/x.png)", "<img src=x onerror=y>",
                "http://example.org/x", "www.example.org", "me@example.org", "@root #1 !2 GH-3", "<!-- x", "~~x~~ **y** _z_ $x$",
                "- x\n- y\n\n1. z\n> q", "&lt;script&gt;", "<http://x.org>", "[x]: http://x.org", "\\", "*", "\u2028# x", "    code"]
    finding = words["findings"][0]
    for text in markdown:
        source = {"kind": text, "location": text}
        evidence = [{"what": text, "value": text, "source": source, "command": text}]
        words["findings"].append({**finding, "rule": text, "title": text, "message": text, "evidence": evidence, "scope": text,
                                  "remediation": [text, f"{text}: `{text}`"], "waived": text if len(text) % 2 else None})
        words["gaps"].append({"rule": None, "scope": text, "what": text, "why": "denied", "detail": text})
        words["rules"].append({"rule": text, "severity": "low", "verdict": "pass", "reason": None, "asks": None})
        words["scopes"].append({**words["scopes"][0], "id": text, "names": [text], "current": False})
    words["host"]["name"] = words["host"]["os_version"] = "".join(markdown)
    found["words"] = words
    for report in found.values():
        settle(report)
    return found


def settle(report):
    """Makes verdicts, severities and the status follow from the findings: convert takes no others."""
    for rule in report["rules"]:
        own = [finding for finding in report["findings"] if finding["rule"] == rule["rule"]]
        open_ = [finding for finding in own if finding["waived"] is None]
        gaps = [gap for gap in report["gaps"] if gap["rule"] == rule["rule"]]
        if open_:
            rule["verdict"] = "fail"
        elif gaps:
            rule["verdict"] = "unknown"
        elif own:
            rule["verdict"] = "waived"
        elif rule["verdict"] in ["fail", "unknown", "waived"]:
            rule["verdict"] = "pass"
        if own:
            rule["severity"] = min((finding["severity"] for finding in open_ or own), key=SEVERITIES.index)
        if gaps or rule["verdict"] not in ["not-applicable", "not-asked"]:
            rule["reason"] = "it is so" if gaps else None
    report["findings"].sort(key=lambda finding: SEVERITIES.index(finding["severity"]))
    if report["policy"] is None:
        return
    if any(finding["waived"] is not None for finding in report["findings"]):
        report["policy"]["file"] = report["policy"]["file"] or "/etc/ephaudit/policy.toml"
    least = report["policy"]["fail_on"]
    if any(finding["waived"] is None and least and SEVERITIES.index(finding["severity"]) <= SEVERITIES.index(least)
           for finding in report["findings"]):
        report["status"] = "findings"
    elif any(gap["rule"] for gap in report["gaps"]):
        report["status"] = "undetermined"


def convert(report, form):
    """What ephaudit prints, and its exit code."""
    done = subprocess.run([EPHAUDIT, "convert", "-", "--format", form], input=json.dumps(report).encode(), capture_output=True)
    assert not done.stderr, done.stderr
    return done.stdout.decode(), done.returncode


def expected(report):
    """The figures that any reader of the report would find, by series."""
    figures = {("audit_scopes",): len(report["scopes"]), ("audit_gaps",): len(report["gaps"])}
    for status in ["compliant", "findings", "undetermined"]:
        figures["audit_status", "status", status] = int(report["status"] == status)
    for verdict in ["pass", "fail", "unknown", "not-applicable", "not-asked", "waived"]:
        figures["audit_rules", "verdict", verdict] = sum(rule["verdict"] == verdict for rule in report["rules"])
    scope = next(scope for scope in report["scopes"] if scope["current"])
    for pool in scope["pools"]:
        for family in pool["families"]:
            figures["pool_ports", "family", family, "transport", pool["transport"]] = pool["ports"]
    for one in scope["ranges"]:
        for transport in one["transports"]:
            for family in one["families"]:
                key = ("family", family, "role", one["role"], "transport", transport)
                if one["role"] == HOSTILE or one["state"] == "absent":
                    continue
                figures["range_known", *key] = int(one["state"] == "known")
                if one["state"] == "known":
                    figures["range_first", *key], figures["range_last", *key] = one["first"], one["last"]
    usage = scope["usage"]
    for name, key in [("tcp_sockets", "tcp_sockets"), ("tcp_time_wait_sockets", "tcp_time_wait"), ("udp_sockets", "udp_sockets")]:
        if usage[key] is not None:
            figures[name,] = usage[key]
    return figures


SEVERITIES = ["critical", "high", "medium", "low", "info"]


def key(name, labels):
    flat = [part for pair in sorted(labels.items()) for part in pair]
    return (name.removeprefix("ephemeral_port_"), *flat)


def hold(report, series):
    """The series against the report."""
    for name, value in expected(report).items():
        assert series.get(name) == value, (name, value, series.get(name))
    known = {name for name, *_ in series}
    for name in ["range_first", "pool_ports", "tcp_sockets"]:
        assert name in known or not any(figure[0] == name for figure in expected(report)), name
        assert name not in known or any(figure[0] == name for figure in expected(report)), name
    rules = {rule["rule"] for rule in report["rules"]} | {finding["rule"] for finding in report["findings"]}
    found = collections.Counter(bool(finding["waived"]) for finding in report["findings"])
    counted = {status: [value for name, value in series.items() if name[0] == "audit_findings" and name[-1] == status]
               for status in ["fail", "waived"]}
    assert sum(counted["fail"]) == found[False] and sum(counted["waived"]) == found[True], counted
    # Each has its zeros, and what it found by severity.
    for status in ["fail", "waived"]:
        labels = [dict(zip(name[1::2], name[2::2])) for name in series if name[0] == "audit_findings"]
        told = [label for label in labels if label["status"] == status]
        assert len({label["rule"] for label in told}) == len(rules), rules
        for severity in SEVERITIES:
            wanted = sum(f["severity"] == severity and bool(f["waived"]) == (status == "waived") for f in report["findings"])
            key_of = [name for name in series if name[0] == "audit_findings" and status in name and severity in name]
            assert sum(series[name] for name in key_of) == wanted, (severity, wanted)


def metrics():
    from prometheus_client.openmetrics import parser as strict
    from prometheus_client import parser

    for name, report in reports().items():
        text, code = convert(report, "prometheus")
        assert code == 0, name
        done = subprocess.run(["promtool", "check", "metrics"], input=text.encode(), capture_output=True)
        assert done.returncode == 0 and not done.stdout and not done.stderr, (name, done)
        openmetrics, _ = convert(report, "openmetrics")
        for families in [parser.text_string_to_metric_families(text), strict.text_string_to_metric_families(openmetrics)]:
            samples = [sample for family in families for sample in family.samples]
            series = {key(sample.name, sample.labels): sample.value for sample in samples}
            assert len(series) == len(samples) > 0, name
            assert all(sample.timestamp is None for sample in samples), name
            hold(report, series)
    print(f"metrics: {len(reports())} reports hold before promtool and both parsers of prometheus_client")


FIGURE = re.compile(r"'([^'=]{1,19}|[a-z0-9_]+)'=(-?[0-9.]+)(%|s|B|c|)(;(@?[-0-9.~]*:?[-0-9.]*)){2};(-?[0-9.]*)(;-?[0-9.]*)?")
STATES = ["OK", "WARNING", "CRITICAL", "UNKNOWN"]


def plugins():
    for name, report in reports().items():
        text, code = convert(report, "nagios")
        first, *_ = text.splitlines()
        said = re.fullmatch(r"EPHEMERAL (OK|WARNING|CRITICAL|UNKNOWN) - ([^|]{1,80}) \| ([^|]+)", first)
        assert said and STATES[code] == said[1] and len(text.encode()) < 8192, (name, text)
        assert text.count("|") == 1 and not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f]", text), (name, text)
        assert all(FIGURE.fullmatch(figure) for figure in said[3].split(" ")), (name, said[3])
        if report["status"] in [None, "undetermined"]:
            assert code == 3, name
        line, zero = convert(report, "checkmk")
        local = re.fullmatch(r'([0-3P]) ("[^"|]+"|[^ "]+) (-|[a-z0-9_]+=[0-9.]+(?:\|[a-z0-9_]+=[0-9.]+)*) ([^\n]+)\n', line)
        assert local and zero == 0 and int(local[1]) == code, (name, line)
        # A plugin that runs a plugin: it reads the exit code, and puts another word for it.
        with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
            json.dump(report, file)
            file.flush()
            command = ["/usr/lib/nagios/plugins/negate", "--substitute", "--ok=CRITICAL", "--warning=OK", "--critical=WARNING",
                       "--unknown=CRITICAL", EPHAUDIT, "convert", file.name, "--format", "nagios"]
            done = subprocess.run(command, capture_output=True, text=True)
        turned = [2, 0, 1, 2][code]
        assert done.returncode == turned, (name, done)
        assert done.stdout.startswith(f"EPHEMERAL {STATES[turned]} - "), (name, done.stdout)
    print(f"plugins: {len(reports())} reports hold to the guidelines, and before negate")


class Page(html.parser.HTMLParser):
    """Counts the elements, and keeps the text."""

    OURS = {"h1", "h2", "h3", "p", "strong", "code", "pre", "ul", "li", "table", "thead", "tbody", "tr", "th", "td"}

    def __init__(self, page):
        super().__init__()
        self.elements, self.text = collections.Counter(), ""
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        assert tag in self.OURS, (tag, attrs)
        assert all(name in ["class", "lang"] and value in ["language-sh", "sh"] for name, value in attrs), (tag, attrs)
        self.elements[tag] += 1

    def handle_comment(self, data):
        raise AssertionError(data)

    def handle_data(self, data):
        self.text += data


def markdown():
    import cmarkgfm
    from cmarkgfm.cmark import Options
    from markdown_it import MarkdownIt

    # A bare domain is no link in GitHub's Markdown.
    second = MarkdownIt("gfm-like")
    second.linkify.set({"fuzzy_link": False})
    renderers = {
        "cmark-gfm": lambda text: cmarkgfm.github_flavored_markdown_to_html(text, Options.CMARK_OPT_UNSAFE),
        "markdown-it": second.render,
    }
    for name, report in reports().items():
        text, code = convert(report, "markdown")
        assert code == 0, name
        pages = {who: Page(render(text)) for who, render in renderers.items()}
        for who, page in pages.items():
            said = {(finding["rule"], finding["title"], finding["severity"], finding["message"], finding["waived"])
                    for finding in report["findings"]}
            assert page.elements["h1"] == 1 and page.elements["h3"] == min(len(said), 40), (name, who, page.elements)
            assert page.elements["table"] == 2, (name, who)
            cells = page.elements["td"]
            facts = page.elements["tr"] - 2
            assert page.elements["th"] == 5 and 2 * facts < cells < 3 * facts, (name, who, page.elements)
            # GitHub looks for these in the text, after all else, but not in code.
        for page in [render(text) for render in renderers.values()]:
            outside = re.sub(r"<code.*?</code>", "", page, flags=re.S)
            assert not re.search(r"(?<!\w)[@#!~$&%][A-Za-z0-9]|://|www\.", html.unescape(re.sub(r"<[^>]+>", "", outside))), (name, outside)
        counts = [page.elements for page in pages.values()]
        assert counts[0] == counts[1], (name, counts)
        words = [re.sub(r"\s+", "", page.text) for page in pages.values()]
        assert words[0] == words[1], name
        assert (report["status"] or "facts").upper() in pages["cmark-gfm"].text, name
    print(f"markdown: {len(reports())} reports hold before {' and '.join(renderers)}")


NODE, PROMETHEUS = "127.0.0.1:19100", "127.0.0.1:19090"


def query(expression):
    url = f"http://{PROMETHEUS}/api/v1/query?" + urllib.parse.urlencode({"query": expression})
    with urllib.request.urlopen(url, timeout=5) as answer:
        return json.load(answer)["data"]["result"]


def until(deadline, what, ready):
    """Asks again until it is so."""
    last = None
    while time.monotonic() < deadline:
        try:
            last = ready()
            if last is True:
                return
        except OSError as error:
            last = error
        time.sleep(0.2)
    raise AssertionError((what, last))


def scrape():
    from prometheus_client import parser

    deadline = time.monotonic() + 90
    with tempfile.TemporaryDirectory() as folder:
        textfiles = os.path.join(folder, "textfiles")
        os.mkdir(textfiles)
        file = os.path.join(textfiles, "ephaudit.prom")
        with open(os.path.join(folder, "prometheus.yml"), "w", encoding="utf-8") as config:
            json.dump({"global": {"scrape_interval": "1s", "evaluation_interval": "1s"},
                       "rule_files": [os.path.abspath("contrib/prometheus/rules.yml")],
                       "scrape_configs": [{"job_name": "node", "static_configs": [{"targets": [NODE]}]}]}, config)
        commands = [
            ["prometheus-node-exporter", "--collector.disable-defaults", "--collector.textfile",
             f"--collector.textfile.directory={textfiles}", f"--web.listen-address={NODE}"],
            ["prometheus", f"--config.file={folder}/prometheus.yml", f"--storage.tsdb.path={folder}/tsdb",
             f"--web.listen-address={PROMETHEUS}"],
        ]
        log = open(os.path.join(folder, "log"), "w+", encoding="utf-8")
        programs = []
        try:
            for command in commands:
                programs.append(subprocess.Popen(command, stdout=log, stderr=log))
            audited = live(file)
            saved = {"this host": audited, **reports()}
            for name, report in saved.items():
                if name != "this host":
                    convert_to(report, file)
                with open(file, encoding="utf-8") as text:
                    families = list(parser.text_string_to_metric_families(text.read()))
                told = {key(sample.name, sample.labels): sample.value for family in families for sample in family.samples}
                until(deadline, name, lambda: scraped() == told or sorted(scraped().items() ^ told.items())[:4])
                hold(report, scraped())
                errors = query("node_textfile_scrape_error")
                assert [error["value"][1] for error in errors] == ["0"], (name, errors)
            with urllib.request.urlopen(f"http://{PROMETHEUS}/api/v1/rules", timeout=5) as answer:
                rules = [rule for group in json.load(answer)["data"]["groups"] for rule in group["rules"]]
            assert rules and all(rule["health"] == "ok" for rule in rules), rules
        except BaseException:
            log.seek(0)
            sys.stderr.write(log.read())
            raise
        finally:
            for program in programs:
                program.terminate()
            for program in programs:
                try:
                    program.wait(10)
                except subprocess.TimeoutExpired:
                    program.kill()
                    program.wait(10)
    print(f"scrape: {len(saved)} reports came through node_exporter and Prometheus with every series as written")


def live(file):
    """An audit of this namespace, in both formats at once."""
    with open("/proc/sys/net/ipv4/ip_local_port_range", "w", encoding="ascii") as setting:
        setting.write("20001 29000")
    report = file + ".json"
    subprocess.run(["sh", "-c", 'umask 077; exec "$@"', "sh", EPHAUDIT, "--exit-zero", "--format", "prometheus", "--output", file,
                    "--emit", f"json={report}"], check=True)
    assert os.stat(file).st_mode & 0o777 == 0o644
    with open(report, encoding="utf-8") as text:
        found = json.load(text)
    assert found["scopes"][0]["ranges"][0]["first"] == 20001, found["scopes"][0]["ranges"]
    return found


def convert_to(report, file):
    subprocess.run([EPHAUDIT, "convert", "-", "--format", "prometheus", "--output", file], input=json.dumps(report).encode(), check=True)


def scraped():
    """Every series that Prometheus has of ours now."""
    answer = query('{__name__=~"ephemeral_port_.+"}')
    series = {}
    for sample in answer:
        labels = {name: value for name, value in sample["metric"].items() if name not in ["__name__", "instance", "job"]}
        series[key(sample["metric"]["__name__"], labels)] = float(sample["value"][1])
    return series


{"metrics": metrics, "plugins": plugins, "markdown": markdown, "scrape": scrape}[sys.argv[1]]()
