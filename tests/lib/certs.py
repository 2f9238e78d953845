"""Certificates of every kind, made by openssl(1) when they are asked for."""
import os
import subprocess

CONFIG = """[req]
distinguished_name = dn
prompt = no
[dn]
CN = placeholder
[ca]
default_ca = ca_default
[ca_default]
database = %(dir)s/index.txt
new_certs_dir = %(dir)s
rand_serial = yes
default_md = sha256
policy = any
unique_subject = no
copy_extensions = copy
[any]
commonName = supplied
"""


def openssl(*args):
    done = subprocess.run(["openssl", *args], stdin=subprocess.DEVNULL,
                          capture_output=True, text=True)
    if done.returncode:
        raise AssertionError("openssl %s: %s" % (" ".join(args), done.stderr))
    return done.stdout


class Authority:
    """issue(name, ...) -> (certificate, key), paths of PEM files."""

    def __init__(self, folder, name="ca", parent=None):
        self.dir = os.path.join(folder, name)
        os.mkdir(self.dir)
        self.config = os.path.join(self.dir, "ca.cnf")
        with open(self.config, "w", encoding="ascii") as f:
            f.write(CONFIG % {"dir": self.dir})
        open(os.path.join(self.dir, "index.txt"), "w").close()
        extensions = ["basicConstraints=critical,CA:TRUE",
                      "keyUsage=critical,keyCertSign,cRLSign"]
        if parent:
            self.cert, self.key = parent.issue(name, extensions=extensions)
        else:
            self.cert, self.key = self.self_signed(name, extensions)

    def path(self, name):
        return os.path.join(self.dir, name)

    def new_key(self, name):
        key = self.path(name + ".key")
        openssl("genpkey", "-algorithm", "EC", "-pkeyopt",
                "ec_paramgen_curve:P-256", "-out", key)
        os.chmod(key, 0o600)
        return key

    def self_signed(self, name, extensions):
        key, cert = self.new_key(name), self.path(name + ".pem")
        openssl("req", "-x509", "-new", "-key", key, "-sha256", "-days", "30",
                "-subj", "/CN=" + name, "-config", self.config, "-out", cert,
                *[a for e in extensions for a in ("-addext", e)])
        return cert, key

    def issue(self, name, names="", begin="20200101000000Z",
              end="20991231000000Z", cn=None, extensions=None):
        """names: the value of subjectAltName, "" none."""
        key, csr, cert = (self.new_key(name), self.path(name + ".csr"),
                          self.path(name + ".pem"))
        extensions = list(extensions or [])
        if names:
            extensions.append("subjectAltName=" + names)
        openssl("req", "-new", "-key", key, "-subj", "/CN=" + (cn or name),
                "-config", self.config, "-out", csr,
                *[a for e in extensions for a in ("-addext", e)])
        openssl("ca", "-batch", "-notext", "-config", self.config, "-cert",
                self.cert, "-keyfile", self.key, "-in", csr, "-out", cert,
                "-startdate", begin, "-enddate", end)
        return cert, key


def chained(path, *certs):
    """One PEM file of several."""
    with open(path, "w", encoding="ascii") as out:
        for cert in certs:
            with open(cert, encoding="ascii") as f:
                out.write(f.read())
    return path
