"""The programs that are compared, and how each is asked for the same. Why each flag is there stands in README.md."""
import os
import shutil
from dataclasses import dataclass, field


@dataclass
class Job:
    """What is to be fetched, for one run of one program."""
    urls: list           # what to fetch; the name of each file is the last part of its URL
    here: str            # a folder of this run, for lists and state
    out: str             # where the files go; in `here`, and empty
    ca: str              # the authority to trust
    parallel: int = 0    # how many at once, where a program's own default is not to be used
    more: list = field(default_factory=list)  # further flags of `fetch`

    def trust(self, *flag):
        """The flags that name the authority, where there is one to name."""
        if not any(url.startswith("https") for url in self.urls):
            return []
        *before, last = flag
        return [*before, last + self.ca] if last.endswith("=") else [*flag, self.ca]

    @property
    def is_one(self):
        """Whether it is a single file, which is then named on the command line."""
        return len(self.urls) == 1

    def list(self, lines):
        """Writes a list for a program to read, and gives its path."""
        path = os.path.join(self.here, "links.txt")
        with open(path, "w") as file:
            file.writelines(line + "\n" for line in lines)
        return path


def name(url):
    """What the file of this URL is to be called."""
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
    # It has no list of files (further addresses are mirrors), and no way to name an authority.
    if not job.is_one or job.urls[0].startswith("https"):
        return None
    return [program, "-q", "-n", "16", "-o", os.path.join(job.out, name(job.urls[0])), job.urls[0]]


def gallery_dl(program, job):
    what = job.urls if job.is_one else ["-i", job.list(job.urls)]
    return [program, "--config-ignore", "-q", *job.trust("-o", "verify="), "-D", job.out,
            "-f", "{filename}.{extension}", *what]


# In this order they take turns.
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
    """The programs that are here, with their paths, and the names of those that are not."""
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
