"""What the benches share that run in a namespace of their own and pair two programs."""

import os
import subprocess
import sys

EPHAUDIT = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "target", "release", "ephaudit")
INSIDE = "EPHAUDIT_BENCH_INSIDE"


def cpu(command):
    """The CPU time of one run in milliseconds."""
    child = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode not in (0, 1, 3):
        raise OSError(f"{command} ended with {child.returncode}")
    return 1000 * (usage.ru_utime + usage.ru_stime)


def run(parser, kind, measure):
    """Measures in a namespace of that kind, which ends with it, and ends with the exit code that measure() gives."""
    args = parser.parse_args()
    if os.geteuid() != 0:
        parser.exit(2, "it takes root\n")
    if INSIDE not in os.environ:
        again = ["unshare", f"--{kind}", sys.executable, os.path.abspath(sys.argv[0]), *sys.argv[1:]]
        os.execvpe("unshare", again, {**os.environ, INSIDE: "1"})
    try:
        sys.exit(measure(args))
    except (OSError, subprocess.CalledProcessError) as error:
        parser.exit(2, f"it could not be measured: {error}\n")
