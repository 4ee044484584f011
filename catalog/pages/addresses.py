"""The parts of an address: what cannot be one is a 404 before anything is looked up."""


class OwnId:
    """A rule's own id."""

    regex = r"[A-Za-z0-9._-]{1,100}"

    def to_python(self, value: str) -> str:
        return value

    def to_url(self, value: str) -> str:
        return value


class IndicatorKey:
    """An indicator's key: 16 hexadecimal digits."""

    regex = r"[0-9a-f]{16}"

    def to_python(self, value: str) -> str:
        return value

    def to_url(self, value: str) -> str:
        return value


class FieldName:
    """A field's name: any text, with dots, slashes, braces or whatever else a rule writes."""

    regex = r"[\s\S]+"

    def to_python(self, value: str) -> str:
        if "\x00" in value:
            raise ValueError("No field has such a name.")
        return value

    def to_url(self, value: str) -> str:
        return value
