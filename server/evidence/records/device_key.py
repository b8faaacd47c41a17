"""设备密钥: a public key by which a person's device signs what is done on it, and how long it holds."""

from sync.record import Field, choice, instant, kind, reference, text

PUBLIC = {"type": "string", "pattern": "^[A-Za-z0-9_-]{87}$"}
KEY = {"type": "string", "pattern": "^[0-9a-f]{16}$"}

DEVICE_KEY = kind(
    "device_key",
    zh="设备密钥",
    audiences=("confidential",),
    written_by_server=True,
    fields={
        "person": reference(required=True, fixed=True, zh="人员"),
        "device": text(64, required=True, fixed=True, zh="设备"),
        "algorithm": choice("es256", required=True, fixed=True, zh="算法"),
        "key": Field(schema=KEY, required=True, fixed=True, zh="密钥编号"),
        "public": Field(schema=PUBLIC, required=True, fixed=True, zh="公钥"),
        "since": instant(required=True, fixed=True, zh="启用时间"),
        "until": instant(zh="停用时间"),
        "replaced_by": Field(schema=KEY, zh="后继密钥"),
    },
)
