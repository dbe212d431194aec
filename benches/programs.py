"""The programs that are compared, and their command lines for the same job. README.md explains each flag."""
import os
import shutil
from dataclasses import dataclass, field


@dataclass
class Job:
    """What one run of one program is to download."""
    urls: list           # what to download; the name of each file is the last part of its URL
    here: str            # a folder for this run, for lists and state
    out: str             # the output folder; in `here`, and empty
    ca: str              # the CA to trust
    parallel: int = 0    # how many at once, to override a program's own default
    more: list = field(default_factory=list)  # further flags for `fetch`

    def trust(self, *flag):
        """Returns the flags that name the CA, if there is one."""
        if not any(url.startswith("https") for url in self.urls):
            return []
        *before, last = flag
        return [*before, last + self.ca] if last.endswith("=") else [*flag, self.ca]

    @property
    def is_one(self):
        """Returns whether it is a single file, whose URL then goes on the command line."""
        return len(self.urls) == 1

    def list(self, lines):
        """Writes a list for a program to read, and returns its path."""
        path = os.path.join(self.here, "links.txt")
        with open(path, "w") as file:
            file.writelines(line + "\n" for line in lines)
        return path


def name(url):
    """Returns the file name for this URL."""
    return url.rsplit("/", 1)[1]


def fetch(program, job):
    what = job.urls if job.is_one else ["-i", job.list(job.urls)]
    return [program, "-d", job.out, *job.trust("--ca-cert"), *job.more, *what]


def curl(program, job, *more):
    command = [program, "-sS", "--fail", *job.trust("--cacert"), *more]
    if job.is_one:
        return [*command, "-o", os.path.join(job.out, name(job.urls[0])), job.urls[0]]
    lines = ['url = "%s"\noutput = "%s"' % (url, os.path.join(job.out, name(url))) for url in job.urls]
    most = ["--parallel-max", str(job.parallel)] if job.parallel else []
    return [*command, "-Z", *most, "-K", job.list(lines)]


def curl_h1(program, job):
    return curl(program, job, "--http1.1")


def aria2c(program, job):
    command = [program, "--no-conf", "-q", "-d", job.out, *job.trust("--ca-certificate"), "--file-allocation=none"]
    if job.is_one:
        return [*command, "-x16", "-s16", "-k1M", job.urls[0]]
    return [*command, "-j%d" % (job.parallel or 16), "-x16", "-i", job.list(job.urls)]


def wget2(program, job):
    threads = str(job.parallel or 16)
    command = [program, "--no-config", "-q", "--no-robots", "--no-hsts", *job.trust("--ca-certificate="),
               "--max-threads=" + threads, "-P", job.out]
    return [*command, job.urls[0]] if job.is_one else [*command, "-i", job.list(job.urls)]


def axel(program, job):
    # It takes no list of files (further addresses are mirrors), and has no option to name a CA.
    if not job.is_one or job.urls[0].startswith("https"):
        return None
    return [program, "-q", "-n", "16", "-o", os.path.join(job.out, name(job.urls[0])), job.urls[0]]


def gallery_dl(program, job):
    what = job.urls if job.is_one else ["-i", job.list(job.urls)]
    return [program, "--config-ignore", "-q", *job.trust("-o", "verify="), "-D", job.out,
            "-f", "{filename}.{extension}", *what]


# They take turns in this order.
COMMANDS = {
    "fetch": fetch,
    "curl": curl,
    "curl-h1": curl_h1,
    "aria2c": aria2c,
    "aria2-next": aria2c,
    "wget2": wget2,
    "axel": axel,
    "gallery-dl": gallery_dl,
}


def installed(fetch_path, wanted):
    """Returns the installed programs with their paths, and the names of the missing ones."""
    here, missing = {}, []
    for each in COMMANDS:
        if wanted and each not in wanted:
            continue
        path = fetch_path if each == "fetch" else shutil.which("curl" if each == "curl-h1" else each)
        if path and os.access(path, os.X_OK):
            here[each] = os.path.abspath(path)
        else:
            missing.append(each)
    return here, missing
