"""A body that schemathesis cannot write by itself: text as TOML."""

import schemathesis


@schemathesis.serializer("application/toml")
def toml(context, value):
    return value.encode("utf-8", "surrogatepass") if isinstance(value, str) else str(value).encode()
