"""Names of fields in the namespace that a reader chose. Formatting only; `names` is empty for canonical names."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from django import template
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from detections.guide.naming import ShownName
from detections.normalization.catalogue import Alias

register = template.Library()

FORMS = {
    "base": "the last part of the path", "dir": "the folder", "ext": "the ending", "key": "the key",
    "value": "the name of the value",
    "arg": "one argument", "cmdline": "a command line", "upn": "an address",
}  # fmt: skip
NAMESPACES = {
    "sigma": "Sigma", "ecs": "ECS", "cim": "CIM", "splunk_raw": "Splunk", "kusto": "Kusto", "asim": "ASIM",
    "winlog": "Windows log", "azure": "Azure", "cloudtrail": "CloudTrail", "okta": "Okta", "k8s": "Kubernetes",
    "m365": "Microsoft 365", "gcp": "Google Cloud", "zeek": "Zeek", "github": "GitHub", "falcon": "Falcon",
    "gworkspace": "Google Workspace", "ocsf": "OCSF", "bitbucket": "Bitbucket",
}  # fmt: skip


@register.filter
def namespace_name(namespace: str) -> str:
    return NAMESPACES.get(namespace, namespace)


@register.filter
def held(aliases: Iterable[Alias]) -> str:
    """What a name holds of the field's value, and in which events it is this field, where it is not always."""
    always = {alias.form for alias in aliases if not alias.category}
    parts = {FORMS.get(form, "") for form in always}
    for alias in aliases:
        if alias.category and alias.form not in always:
            what = FORMS.get(alias.form, "")
            parts.add(f"{what} in {alias.category} events".strip())
    return "; ".join(sorted(filter(None, parts)))


@register.filter
def named(field: str, names: Mapping[str, ShownName] | None) -> str:
    """A canonical field's name in `names`."""
    shown = names.get(field) if names else None
    return shown.text if shown else field


@register.simple_tag
def name_badge(field: str, names: Mapping[str, ShownName] | None) -> SafeString | str:
    """A mark on a canonical name that stands in for one that the namespace does not have."""
    shown = names.get(field) if names else None
    if shown is None or shown.published:
        return ""
    return format_html(' <span class="badge" title="{}">canonical</span>', "These names have none for this field")


@register.simple_tag
def name_title(field: str, names: Mapping[str, ShownName] | None) -> SafeString | str:
    """A title with the canonical name, and the part of the value that the shown name holds."""
    shown = names.get(field) if names else None
    if shown is None or not shown.published or (shown.text == field and not shown.form):
        return ""
    part = f": holds {FORMS[shown.form]}" if shown.form in FORMS else ""
    return format_html(' title="Canonical {}{}"', field, part)


@register.simple_tag
def field_link(field: str, names: Mapping[str, ShownName] | None = None) -> SafeString:
    """A field's name, in `names`, as the link to its page. `_field.html` is the same to include."""
    at = reverse("field-detail", args=[field])
    return format_html('<a class="field" href="{}"{}>{}</a>', at, name_title(field, names), named(field, names))
