"""Six hosts whose best concurrency differs: what `fetch` finds by itself, compared with the best fixed number."""
import json
import os
import statistics
import sys
import urllib.request

import data

KINDS = ["wait-80ms", "each-1MBps", "all-15MBps", "429-over-6", "reset-over-4", "429-over-25ps"]
FIXED = [1, 2, 4, 6, 8, 16, 32]
FILES = 200


def measure(bench):
    """Downloads the files of each host with each fixed number and without one, and prints a table."""
    if "fetch" not in bench.programs:
        return {}
    print("\n## hosts: %d images each; wall s, refusals, most at once\n" % FILES)
    print("| host | best fixed | wall | refused | found: wall | refused | at once | right | ratio |")
    print("|---|---|---|---|---|---|---|---|---|")
    results = {}
    for kind in bench.options.kinds:
        # Where bandwidth is the limit, each file has to take a while.
        sized = "MBps" in kind
        folder = "large" if sized else "small"
        size = data.between(120_000, 120_000) if sized else data.between(16 << 10, 64 << 10)
        digests = bench.images(folder, FILES, 4, size)
        with bench.host(kind, os.path.join(bench.files, folder)) as address:
            urls = [address + name for name in digests]
            fixed = {}
            for number in FIXED:
                more = ["-S", "net.per_host=%d" % number, "-N", str(number)]
                fixed[number] = one(bench, address, urls, digests, more)
            default = [one(bench, address, urls, digests, []) for _ in range(bench.options.runs)]
        results[kind] = {"fixed": fixed, "found": default}
        row(kind, fixed, default)
    return results


def one(bench, address, urls, digests, more):
    """Makes one run; returns it with the host's counts."""
    took = bench.run("fetch", urls, digests, more=more)
    with urllib.request.urlopen(address + "-/counts", timeout=10) as answer:
        took.update(json.load(answer))
    return took


def row(kind, fixed, default):
    """Returns one line of the table. A run that loses files is not the best, however fast."""
    whole = {number: took for number, took in fixed.items() if took["right"] == FILES} or fixed
    best = min(whole, key=lambda number: whole[number]["wall"])
    wall, refused, peak = (statistics.median(took[key] for took in default) for key in ("wall", "refusals", "peak"))
    right = min(took["right"] for took in default)
    print("| %s | %d | %.2f | %d | %.2f | %d | %d | %d | %.2f |" % (
        kind, best, fixed[best]["wall"], fixed[best]["refusals"], wall, refused, peak, right, wall / fixed[best]["wall"]))
    every = ", ".join("%d: %.2f s, %d refused, %d right" % (number, took["wall"], took["refusals"], took["right"])
                      for number, took in fixed.items())
    print("<!-- %s: %s -->" % (kind, every))
    for took in default:
        if took["faults"]:
            print("<!-- %s; %s -->" % ("; ".join(took["faults"]), took["said"].strip().replace("\n", " ")))
            break
    sys.stdout.flush()
