"""What Ansible's own tools say of the collection in contrib/ansible: ansible_static.py TOOLS, a
virtual environment with ansible-core and ansible-lint."""

import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

TOOLS = sys.argv[1]
# ansible-test fetches a pip of its own, from where nothing but packages may be had. This takes its
# place in the cache: the pip that Python brings along does the same.
PIP = """\
import os, subprocess, sys
import ensurepip
ensurepip.bootstrap(root=None, upgrade=True)
wanted = [word for word in sys.argv[1:] if "==" in word]
subprocess.check_call([sys.executable, "-m", "pip", "install", "--quiet", *wanted])
"""


def main():
    with tempfile.TemporaryDirectory() as home:
        own = {"HOME": home, "PATH": f"{TOOLS}/bin:/usr/bin:/bin", "LC_ALL": "C.UTF-8"}
        own |= {name: os.environ[name] for name in ("PIP_INDEX_URL", "PIP_CONFIG_FILE", "HTTPS_PROXY", "https_proxy")
                if name in os.environ}
        place = pathlib.Path(home) / "ansible_collections/ephaudit/ephaudit"
        shutil.copytree("contrib/ansible", place)

        def run(*command):
            print("==", *command, flush=True)
            subprocess.run(command, check=True, env=own, cwd=place)

        # A collection is looked at where it is in a work tree.
        run("git", "init", "--quiet")
        run("git", "add", "--all")
        own["ANSIBLE_COLLECTIONS_PATH"] = home
        run("ansible-lint", "--offline", "--strict", "--profile", "production", "--nocolor")
        run("ansible-doc", "--type", "module", "ephaudit.ephaudit.audit")
        for role in ("audit", "timer"):
            run("ansible-doc", "--type", "role", f"ephaudit.ephaudit.{role}")
        cache = pathlib.Path(home) / ".ansible/test/cache"
        cache.mkdir(parents=True)
        (cache / "get_pip_24_2.py").write_text(PIP)
        # pslint needs PowerShell, which no registry of packages has.
        version = f"{sys.version_info.major}.{sys.version_info.minor}"
        run("ansible-test", "sanity", "--python", version, "--color", "no", "--skip-test", "pslint")


main()
