"""Makes `checkpoint` and `vkeys` beside this file with code that shares nothing with Wardgate.

Written from c2sp.org/signed-note, c2sp.org/tlog-checkpoint and c2sp.org/tlog-cosignature.
Needs the packages `cryptography` and `dilithium-py`.

    python make.py
"""

import base64
import hashlib
import pathlib
import struct

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from dilithium_py.ml_dsa import ML_DSA_44

SEED = bytes(range(32))
ORIGIN = "log.example/foreign"
ROOT = base64.b64decode("CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=")
SIZE = 20852163
TEXT = f"{ORIGIN}\n{SIZE}\n{base64.b64encode(ROOT).decode()}\n"


def key_id(name, kind, public):
    return hashlib.sha256(name.encode() + b"\n" + bytes([kind]) + public).digest()[:4]


def vkey(name, kind, public):
    blob = base64.b64encode(bytes([kind]) + public).decode()
    return f"{name}+{key_id(name, kind, public).hex()}+{blob}\n"


def line(name, kind, public, signature):
    blob = base64.b64encode(key_id(name, kind, public) + signature).decode()
    return f"\u2014 {name} {blob}\n"


def ed25519(seed):
    key = Ed25519PrivateKey.from_private_bytes(seed)
    return key.public_key().public_bytes_raw(), key.sign


def ml_dsa_44(seed, name, time):
    public, secret = ML_DSA_44.key_derive(seed)
    message = b"subtree/v1\n\0"
    message += bytes([len(name)]) + name.encode()
    message += struct.pack(">Q", time)
    message += bytes([len(ORIGIN)]) + ORIGIN.encode()
    message += struct.pack(">QQ", 0, SIZE) + ROOT
    signature = ML_DSA_44.sign(secret, message, deterministic=True)
    return public, struct.pack(">Q", time) + signature


keys, lines = "", ""

public, sign = ed25519(SEED)
keys += vkey(ORIGIN, 1, public)
lines += line(ORIGIN, 1, public, sign(TEXT.encode()))

public, signature = ml_dsa_44(SEED, ORIGIN, 1_700_000_000)
keys += vkey(ORIGIN, 6, public)
lines += line(ORIGIN, 6, public, signature)

public, sign = ed25519(bytes(reversed(SEED)))
time = 1_700_000_001
message = f"cosignature/v1\ntime {time}\n{TEXT}".encode()
keys += vkey("witness.example/one", 4, public)
lines += line("witness.example/one", 4, public, struct.pack(">Q", time) + sign(message))

public, signature = ml_dsa_44(bytes(reversed(SEED)), "witness.example/two", 0)
keys += vkey("witness.example/two", 6, public)
lines += line("witness.example/two", 6, public, signature)

here = pathlib.Path(__file__).parent
(here / "vkeys").write_text(keys)
(here / "checkpoint").write_text(f"{TEXT}\n{lines}")
