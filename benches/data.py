"""The files that are downloaded, and the check that they arrived intact."""
import hashlib
import os
import random

# A JPEG up to the first scan: SOI, JFIF, a frame of 640 by 480 with three components, the scan's head.
JPEG = bytes.fromhex(
    "ffd8ffe000104a46494600010100000100010000"
    "ffc000110801e0028003012200021101031101"
    "ffda000c03010002110311003f00")
# The start of an MPEG-4 file: its brand, and a box with all the rest.
MP4 = b"\x00\x00\x00\x18ftypisom\x00\x00\x02\x00isommp41"
NO_FF = bytes(range(255)) + b"\xfe"


def jpeg(numbers, size):
    """A body that looks like a JPEG to programs that check its first and last bytes."""
    return JPEG + numbers.randbytes(size - len(JPEG) - 2).translate(NO_FF) + b"\xff\xd9"


def images(folder, count, seed, size):
    """Makes images of `size(numbers)` bytes, and returns their digests by name. Existing files are kept."""
    os.makedirs(folder, exist_ok=True)
    digests = {}
    numbers = random.Random(seed)
    for number in range(count):
        name = "%05d.jpg" % number
        body = jpeg(numbers, size(numbers))
        path = os.path.join(folder, name)
        if not os.path.exists(path) or os.path.getsize(path) != len(body):
            with open(path, "wb") as file:
                file.write(body)
        digests[name] = hashlib.sha256(body).hexdigest()
    return digests


def log_normal(median, sigma, least, most):
    """Sizes distributed like those of pictures: few small ones, few large ones."""
    def size(numbers):
        return int(min(most, max(least, median * numbers.lognormvariate(0, sigma))))
    return size


def between(least, most):
    """Evenly distributed sizes."""
    return lambda numbers: numbers.randint(least, most)


def film(folder, name, size):
    """Makes one large file of incompressible bytes, and returns its digest by name."""
    os.makedirs(folder, exist_ok=True)
    path = os.path.join(folder, name)
    if not os.path.exists(path) or os.path.getsize(path) != size:
        block = random.Random(size).randbytes(32 << 20)
        with open(path + ".new", "wb") as file:
            file.write(MP4 + (1).to_bytes(4, "big") + b"mdat" + (size - len(MP4)).to_bytes(8, "big"))
            turn = 0
            while (room := size - file.tell()) > 0:
                # Each block starts at a different offset in the same bytes, so that a misplaced block is noticed.
                file.write((block[turn:] + block[:turn])[:room])
                turn = (turn + 1_000_003) % len(block)
        os.rename(path + ".new", path)
    return {name: digest(path)}


def digest(path):
    """Returns the SHA-256 of a file."""
    whole = hashlib.sha256()
    with open(path, "rb", buffering=0) as file:
        while piece := file.read(1 << 20):
            whole.update(piece)
    return whole.hexdigest()


def check(folder, digests):
    """Counts the correct files, and lists those that are missing, wrong, or unexpected."""
    right, faults, found = 0, [], set()
    for here, _, names in os.walk(folder):
        for name in names:
            path = os.path.join(here, name)
            if name not in digests:
                faults.append("not asked for: " + os.path.relpath(path, folder))
            elif digest(path) == digests[name]:
                right += 1
                found.add(name)
            else:
                faults.append("wrong: " + name)
                found.add(name)
    faults += ["missing: " + name for name in digests if name not in found]
    return right, faults
