"""The list of what is in a binary, as CycloneDX 1.5."""

import hashlib
import json
import time
import uuid

import crates


def component(crate):
    return {
        "type": "library",
        "bom-ref": crate.purl,
        "name": crate.name,
        "version": crate.version,
        "purl": crate.purl,
        "licenses": [{"expression": crate.licence}],
    } | ({"hashes": [{"alg": "SHA-256", "content": crate.sha256}]} if crate.sha256 else {})


def runtime(linked):
    return {"type": "library", "bom-ref": linked.purl, "name": linked.name,
            "version": linked.version, "purl": linked.purl}


def sbom(target, binary, epoch):
    """The sums of crates are those of Cargo.lock; that of the program is of the binary itself."""
    found = crates.linked(target)
    program, *others = found
    standard = [crate for crate in crates.standard(target) if crate not in found]
    runtimes = crates.runtimes(target)
    edges = {crate.purl: [other.purl for other in sorted(needed)] for crate, needed in found.items()}
    edges[program.purl] += [linked.purl for linked in runtimes]
    edges[runtimes[0].purl] = [crate.purl for crate in crates.standard(target)]
    main = component(program) | {
        "type": "application",
        "hashes": [{"alg": "SHA-256", "content": hashlib.sha256(binary).hexdigest()}],
        "properties": [{"name": "cargo:target", "value": target}],
    }
    components = [component(crate) for crate in sorted([*others, *standard])]
    document = {
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "version": 1,
        "metadata": {
            "timestamp": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(epoch)),
            "component": main,
        },
        "components": components + [runtime(linked) for linked in runtimes],
        "dependencies": [{"ref": ref, "dependsOn": needed} for ref, needed in sorted(edges.items())],
    }
    document["serialNumber"] = f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, json.dumps(document))}"
    return json.dumps(document, indent=1, sort_keys=True) + "\n"
