"""nginx on loopback: plain, TLS, and with a limit for each connection; and the CA of its certificate."""
import os
import shutil
import socket
import subprocess
import time

CONF = """
{user}
worker_processes 1;
daemon off;
pid {here}/nginx.pid;
error_log {here}/nginx.log error;
events {{ worker_connections 1024; }}
http {{
    access_log off;
    sendfile on;
    tcp_nopush on;
    default_type application/octet-stream;
    types {{ image/jpeg jpg; video/mp4 mp4; }}
    keepalive_requests 100000;
    open_file_cache max=4000 inactive=1h;
    client_body_temp_path {here}/body;
    proxy_temp_path {here}/proxy;
    fastcgi_temp_path {here}/fastcgi;
    uwsgi_temp_path {here}/uwsgi;
    scgi_temp_path {here}/scgi;
    root {files};
    server {{ listen 127.0.0.1:{http} backlog=1024; }}
    server {{
        listen 127.0.0.1:{https} ssl http2 backlog=1024;
        ssl_certificate {here}/site.pem;
        ssl_certificate_key {here}/site.key;
        ssl_session_cache shared:tls:1m;
    }}
    server {{ listen 127.0.0.1:{slow}; limit_rate {limit}; }}
}}
"""


def find():
    """Returns the path of nginx, which is often only in root's `PATH`."""
    path = os.environ.get("PATH", "") + ":/usr/sbin:/usr/local/sbin:/opt/homebrew/bin"
    return shutil.which("nginx", path=path)


def free_ports(count):
    """Returns unused ports."""
    sockets = [socket.socket() for _ in range(count)]
    for each in sockets:
        each.bind(("127.0.0.1", 0))
    ports = [each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return ports


def authority(here):
    """Creates a CA and a certificate signed by it for 127.0.0.1, and returns the path of the CA certificate."""
    def openssl(*arguments):
        subprocess.run(["openssl", *arguments], cwd=here, check=True, timeout=60,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    curve = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes")
    with open(os.path.join(here, "names"), "w") as file:
        file.write("subjectAltName=IP:127.0.0.1,DNS:localhost\nbasicConstraints=CA:FALSE\n")
    openssl("req", "-x509", *curve, "-keyout", "ca.key", "-out", "ca.pem", "-days", "2", "-subj", "/CN=bench authority",
            "-addext", "basicConstraints=critical,CA:TRUE", "-addext", "keyUsage=critical,keyCertSign")
    openssl("req", "-new", *curve, "-keyout", "site.key", "-out", "site.csr", "-subj", "/CN=127.0.0.1")
    openssl("x509", "-req", "-in", "site.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial",
            "-out", "site.pem", "-days", "2", "-extfile", "names")
    return os.path.join(here, "ca.pem")


class Nginx:
    """Serves a folder until closed."""

    def __init__(self, program, here, files, limit):
        self.authority = authority(here)
        http, https, slow = free_ports(3)
        self.http = "http://127.0.0.1:%d/" % http
        self.https = "https://127.0.0.1:%d/" % https
        self.slow = "http://127.0.0.1:%d/" % slow
        # Started by root, its workers would run as nobody, who may not read a temporary folder.
        user = "user root;" if hasattr(os, "geteuid") and os.geteuid() == 0 else ""
        conf = CONF.format(here=here, files=files, http=http, https=https, slow=slow, user=user, limit=limit)
        path = os.path.join(here, "nginx.conf")
        with open(path, "w") as file:
            file.write(conf)
        self.process = subprocess.Popen([program, "-p", here, "-c", path, "-e", os.path.join(here, "nginx.log")],
                                        stdin=subprocess.DEVNULL)
        for _ in range(100):
            try:
                socket.create_connection(("127.0.0.1", https), timeout=1).close()
                return
            except OSError:
                if self.process.poll() is not None:
                    break
                time.sleep(0.05)
        self.close()
        raise SystemExit("nginx does not start; see %s/nginx.log" % here)

    def close(self):
        """Stops it."""
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(timeout=5)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
